"""The one business error."""


class Refused(Exception):
    """The act is not allowed now. The message is a sentence that the person who asked may read.

    A door turns it into a form error, a 4xx or a polite reply; nothing was written.
    """

    def __init__(self, message: str, *, code: str = "refused") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
