"""Queue doors of this floor: ids in, one verb each."""

from common import clock
from common.logs import traced
from concierge import answering, calling, readings


def answer_text(pk: int) -> None:
    with traced("answer", str(pk)):
        answering.answer(pk, now=clock.now())


def read_call(pk: int) -> None:
    with traced("read call", str(pk)):
        calling.read(pk)


def read_text(pk: int) -> None:
    with traced("read", str(pk)):
        readings.fill(pk, now=clock.now())
