"""/v1/subscription_schedules: other prices from the end of the period on, then the schedule lets go."""

from copy import deepcopy
from datetime import UTC, datetime

from common import clock
from members.stripe_standin import building, charging, events, forms, ids, store
from members.stripe_standin.building.schedules import phase
from members.stripe_standin.calls import Answer, Call
from members.stripe_standin.problems import invalid
from members.stripe_standin.store import Body


def create(call: Call) -> Answer:
    """From a running subscription, as its Dashboard does; other ways are not known here."""
    subscription = store.hold("subscription", call.need("from_subscription"), param="from_subscription", status=400)
    if subscription["schedule"]:
        raise invalid(
            f"You cannot migrate a subscription that is already attached to a schedule: {subscription['schedule']}.",
            param="from_subscription",
        )
    if subscription["status"] not in ("active", "past_due"):
        raise invalid(f"You cannot migrate a subscription that is {subscription['status']}.")
    body = store.add(building.subscription_schedule(ids.new("sub_sched"), subscription=subscription, created=call.now))
    events.emit("subscription_schedule.created", body, now=call.now)
    _attach(subscription, body["id"], call.now)
    return body


def retrieve(call: Call) -> Answer:
    return store.get("subscription_schedule", call.ident)


def update(call: Call) -> Answer:
    body = _running(call)
    before = deepcopy(body)
    body["end_behavior"] = call.word("end_behavior") or body["end_behavior"]
    if body["end_behavior"] != "release":
        raise invalid("Only schedules that release their subscription are known here.", param="end_behavior")
    if "phases" in call.params:
        body["phases"] = _phases(call.params["phases"], body)
    store.change(body)
    events.emit("subscription_schedule.updated", body, now=call.now, before=before)
    return body


def release(call: Call) -> Answer:
    """The subscription goes on with the price it has now."""
    body = _running(call)
    subscription = store.hold("subscription", body["subscription"])
    let_go(body, now=call.now)
    _attach(subscription, None, call.now)
    return body


def enter_phase(subscription: Body, start: datetime, *, now: datetime) -> None:
    """At a renewal: the price of the phase that begins with the new period; its last phase ends the schedule.

    The caller saves the subscription.
    """
    if not subscription["schedule"]:
        return
    body = store.hold("subscription_schedule", subscription["schedule"])
    moment = int(start.timestamp())
    for each in body["phases"]:
        if each["start_date"] <= moment < each["end_date"]:
            price = store.get("price", each["items"][0]["price"])
            subscription["items"]["data"][0]["price"] = price
            body["current_phase"] = {"start_date": each["start_date"], "end_date": each["end_date"]}
    if moment >= body["phases"][-1]["start_date"]:
        let_go(body, now=now)
        subscription["schedule"] = None
    else:
        store.change(body)


def let_go(body: Body, *, now: datetime) -> None:
    body |= {"status": "released", "released_at": int(now.timestamp()), "current_phase": None}
    body |= {"released_subscription": body["subscription"], "subscription": None}
    store.change(body)
    events.emit("subscription_schedule.released", body, now=now)


def _running(call: Call) -> Body:
    body = store.hold("subscription_schedule", call.ident)
    if body["status"] != "active":
        raise invalid(f"You cannot change a subscription schedule that is {body['status']}.")
    return body


def _phases(given: list[Body], body: Body) -> list[Body]:
    """The present phase must be repeated as it is; one or two more follow, each of whole intervals of its price."""
    if len(given) not in (2, 3):
        raise invalid("A schedule here has the present phase and one or two that follow.", param="phases")
    present = body["phases"][0]
    first = given[0]
    end = forms.integer(first.get("end_date", "0"), "phases[0][end_date]")
    if (forms.integer(first.get("start_date", "0"), "phases[0][start_date]"), end) != (
        present["start_date"],
        present["end_date"],
    ):
        raise invalid("The present phase cannot be moved here.", param="phases[0]")
    phases = [present]
    for at, wanted in enumerate(given[1:], start=1):
        phases.append(_following(wanted, phases[-1], f"phases[{at}]"))
    return phases


def _following(wanted: Body, before: Body, param: str) -> Body:
    price = store.get("price", wanted["items"][0]["price"], param=f"{param}[items][0][price]", status=400)
    begins = datetime.fromtimestamp(before["end_date"], UTC)
    duration = wanted.get("duration") or {**price["recurring"], "interval_count": "1"}
    if duration["interval"] != price["recurring"]["interval"]:
        raise invalid("A phase here lasts whole intervals of its price.", param=f"{param}[duration]")
    count = forms.integer(duration.get("interval_count", "1"), f"{param}[duration][interval_count]")
    months = count * charging.interval_months(price)
    until = int(clock.months_later(begins, months).timestamp())
    behaviour = wanted.get("proration_behavior", "create_prorations")
    return phase(price["id"], before["end_date"], until, before["currency"], proration_behavior=behaviour)


def _attach(subscription: Body, schedule: str | None, now: datetime) -> None:
    before = deepcopy(subscription)
    subscription["schedule"] = schedule
    store.change(subscription)
    events.emit("customer.subscription.updated", subscription, now=now, before=before)
