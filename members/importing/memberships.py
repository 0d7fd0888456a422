"""Memberships of plans, as the system of record knows them. What Stripe charges, Stripe decides."""

from datetime import date
from typing import Any

from members.importing import catalogue, references
from members.importing.batch import CREATED, UNCHANGED, UPDATED, Context, Entry
from members.importing.people import people_named
from members.importing.rows import MembershipRow
from members.models import Membership, Patient, Plan, PlanVersion

_WRITTEN = (
    "patient", "payer", "plan", "plan_version", "location", "status", "started_on", "current_period_start",
    "current_period_end", "ended_at", "past_due_since", "stripe_customer_id", "stripe_subscription_id",
)  # fmt: skip
_OURS = ("patient", "payer", "location", "started_on", "stripe_customer_id", "stripe_subscription_id")
_OPEN = (*Membership.CURRENT, Membership.Status.PENDING)


class MembershipWriter:
    row_model = MembershipRow

    def plan(self, entries: list[Entry], context: Context) -> None:
        places, plans = references.places(), catalogue.plans_by_name()
        patients = people_named({word for entry in entries for word in (entry.row.patient, entry.row.payer) if word})
        known = Membership.objects.in_bulk([entry.row.external_id for entry in entries], field_name="external_id")
        held = _held_by(patients)
        for entry in entries:
            patient, plan = patients.get(entry.row.patient), plans.get(entry.row.plan.casefold())
            if patient is None:
                entry.refuse(
                    "patient", f"There is no patient with the id “{entry.row.patient}”. Send the patient first."
                )
            if plan is None:
                here = references.listed(catalogue.names_of(plans.values()))
                entry.refuse("plan", f"There is no plan “{entry.row.plan}”. Here are: {here}.")
            payer = patients.get(entry.row.payer or "")
            if entry.row.payer and payer is None:
                entry.refuse("payer", f"There is no patient with the id “{entry.row.payer}”. Send the payer first.")
            if patient is None or plan is None or entry.is_refused:
                continue
            location = (
                places.named(entry, entry.row.location)
                if entry.row.location
                else places.by_pk[patient.home_location_id]
            )
            if location is not None:
                membership = known.get(entry.row.external_id)
                parts = {"patient": patient, "payer": payer, "plan": plan, "location": location}
                self._plan(entry, membership, held, parts, context)

    def _plan(
        self,
        entry: Entry,
        known: Membership | None,
        held: dict[int, Membership],
        parts: dict[str, Any],
        context: Context,
    ) -> None:
        row, patient = entry.row, parts["patient"]
        known = known or _adopted(row, held.get(patient.pk), parts["plan"])
        self._check(entry, known, held.get(patient.pk), patient, context)
        if entry.is_refused:
            return
        entry.instance = known or Membership(external_id=row.external_id)
        adopted = references.set_given(entry.instance, {"external_id": row.external_id})
        changed = references.set_given(entry.instance, _given(entry.instance, row, parts, context))
        if entry.instance.past_due_since and entry.instance.status != Membership.Status.PAST_DUE:
            entry.instance.past_due_since, changed = None, True
        entry.outcome = CREATED if known is None else UPDATED if changed or adopted else UNCHANGED
        if row.status in _OPEN:
            held[patient.pk] = entry.instance

    def _check(
        self, entry: Entry, known: Membership | None, held: Membership | None, patient: Patient, context: Context
    ) -> None:
        row: MembershipRow = entry.row
        if row.status in _OPEN and held is not None and held is not known and held.pk != getattr(known, "pk", 0):
            entry.refuse("external_id", "The patient has another current membership. End that one first.")
        if known and known.patient_id != patient.pk:
            entry.refuse("patient", "This membership belongs to another patient. Memberships cannot change hands.")
        if patient.birth_date and row.started_on < patient.birth_date:
            entry.refuse("started_on", "The membership began before the patient's birth date. One of the two is wrong.")
        if row.current_period_start and row.current_period_end and row.current_period_end <= row.current_period_start:
            entry.refuse("current_period_end", "The period must end after it starts.")

    def write(self, entries: list[Entry], context: Context) -> None:
        new = [entry.instance for entry in entries if entry.outcome == CREATED]
        Membership.objects.bulk_create(
            new, update_conflicts=True, unique_fields=["external_id"], update_fields=list(_WRITTEN)
        )
        changed = [entry.instance for entry in entries if entry.outcome == UPDATED]
        at_stripe = set(
            Membership.objects.filter(pk__in=[one.pk for one in changed], stripe_subscription_id__isnull=False)
            .select_for_update()
            .values_list("pk", flat=True)
        )
        # A webhook may have moved these since they were read: what Stripe says is not written from here.
        for is_stripes, columns in ((True, _OURS), (False, _WRITTEN)):
            rows = [one for one in changed if (one.pk in at_stripe) is is_stripes]
            Membership.objects.bulk_update(rows, [*columns, "external_id"], batch_size=200)


def _version(plan: Plan, sold_on: date) -> PlanVersion:
    """The version on sale that day; the first one for whoever joined before our records begin."""
    versions = sorted(plan.versions.all(), key=lambda version: version.number)
    on_sale = [version for version in versions if version.effective_from.date() <= sold_on]
    return on_sale[-1] if on_sale else versions[0]


def _held_by(patients: dict[str, Patient]) -> dict[int, Membership]:
    current = Membership.objects.filter(patient__in=patients.values(), status__in=_OPEN)
    return {membership.patient_id: membership for membership in current}


def _adopted(row: MembershipRow, held: Membership | None, plan: Plan) -> Membership | None:
    """A membership that Stripe brought before the system of record named it: the same patient and plan."""
    if held is None or held.external_id or row.status not in _OPEN:
        return None
    same = row.stripe_subscription_id and row.stripe_subscription_id == held.stripe_subscription_id
    return held if same or held.plan_id == plan.pk else None


def _given(membership: Membership, row: MembershipRow, parts: dict[str, Any], context: Context) -> dict[str, Any]:
    zone = parts["location"].time_zone
    facts: dict[str, Any] = {
        "patient_id": parts["patient"].pk,
        "payer_id": parts["payer"].pk if parts["payer"] else None,
        "location_id": parts["location"].pk,
        "started_on": row.started_on,
        "stripe_customer_id": row.stripe_customer_id,
        "stripe_subscription_id": row.stripe_subscription_id,
    }
    if membership.stripe_subscription_id:
        return facts  # status, plan and dates are Stripe's to say (docs/decisions/004)
    facts["status"] = row.status
    if membership.plan_id != parts["plan"].pk:  # within its plan a membership keeps the version it was sold with
        version = _version(parts["plan"], row.started_on)
        facts |= {"plan_id": version.plan_id, "plan_version_id": version.pk}
    for name in ("current_period_start", "current_period_end", "ended_at"):
        moment = getattr(row, name)
        facts[name] = references.aware(moment, zone) if moment else None
    if facts["status"] == Membership.Status.PAST_DUE and membership.past_due_since is None:
        facts["past_due_since"] = context.now
    return facts
