"""Stripe's embedded stand-in: what the product needs of Stripe, kept in our own tables, with no network.

The real SDK builds every request (`client.StandinClient` is its http client) and reads every answer; both sides are
checked against Stripe's published specification in tests. `routes.ROUTES` is the table of what it can do: a parameter
that is not in the table is refused, as Stripe refuses one that it does not know.

What money does here follows Stripe's documentation, not a recording. Simpler than Stripe: an invoice is finalized and
charged at once (Stripe waits an hour), there are no charges, taxes or 3-D Secure, and nothing retries by
itself (`playing.retry` is Stripe's schedule, by hand). Production settings refuse it.
"""
