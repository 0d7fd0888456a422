"""What a row of each kind holds. The same words name the API's fields and the CSV's columns.

A field that is left out, empty or null changes nothing on a row that is known already.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from members.importing.fields import (
    Category,
    Cents,
    Day,
    Email,
    ExternalId,
    Language,
    LongText,
    Moment,
    Name,
    Phone,
    Reference,
    ShortText,
    YesNo,
    Zone,
)


class Row(BaseModel):
    model_config = ConfigDict(extra="forbid")

    external_id: ExternalId


class PatientRow(Row):
    """A person. A number without consent fields may get servicing texts at most (R12)."""

    first_name: ShortText
    last_name: ShortText
    phone: Phone | None = None
    email: Email | None = None
    birth_date: Day | None = None
    language: Language | None = None
    state: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    zip_code: Annotated[str, Field(pattern=r"^[0-9]{5}(-[0-9]{4})?$")] | None = None
    time_zone: Zone | None = None
    location: Reference | None = Field(None, description="Id or name of the home location.")
    joined_on: Day | None = None
    sms_servicing: YesNo | None = Field(None, description="May be texted about their own membership and visits.")
    sms_marketing: YesNo | None = Field(None, description="Agreed in writing to marketing texts (R8).")
    email_marketing: YesNo | None = None
    voice_marketing: YesNo | None = Field(None, description="Agreed in writing to automated calls (R8).")
    consent_wording: LongText | None = Field(None, description="What the patient was shown, exactly (R7).")
    consent_at: Moment | None = None
    sms_opt_out: YesNo | None = None
    email_opt_out: YesNo | None = None
    opted_out_at: Moment | None = None


class ServiceRow(Row):
    """What can be booked."""

    name: Name
    category: Category
    duration_minutes: Annotated[int, Field(ge=5, le=600)]
    price_cents: Cents
    add_on: YesNo | None = None


class MembershipRow(Row):
    """A patient's membership of a plan. Where Stripe charges it, Stripe decides about status and dates."""

    patient: Reference = Field(description="External id of the patient.")
    plan: ShortText = Field(description="Name of the plan.")
    status: Literal["pending", "active", "past_due", "paused", "cancelling", "cancelled", "lapsed"]
    started_on: Day
    location: Reference | None = Field(None, description="Id or name; else the patient's home location.")
    payer: Reference | None = Field(None, description="External id of who pays, where that is somebody else.")
    current_period_start: Moment | None = None
    current_period_end: Moment | None = None
    ended_at: Moment | None = None
    stripe_customer_id: Annotated[str, Field(pattern=r"^cus_[A-Za-z0-9_]{1,60}$")] | None = None
    stripe_subscription_id: Annotated[str, Field(pattern=r"^sub_[A-Za-z0-9_]{1,60}$")] | None = None


class VisitRow(Row):
    """An appointment, past or to come."""

    patient: Reference = Field(description="External id of the patient.")
    service: Reference = Field(description="External id or name of the service.")
    starts_at: Moment
    status: Literal["booked", "completed", "cancelled", "no_show"]
    location: Reference | None = Field(None, description="Id or name; else the patient's home location.")
    ends_at: Moment | None = Field(None, description="Else the start and the service's usual length.")
    booked_at: Moment | None = None


class CreditRow(Row):
    """Credits granted or taken outside of a paid period. A row is done once; it cannot be changed afterwards."""

    membership: Reference = Field(description="External id of the membership.")
    service: Reference = Field(description="External id or name of the service.")
    quantity: Annotated[int, Field(ge=1, le=1000)]
    kind: Literal["grant", "remove"] = "grant"
    expires_at: Moment | None = Field(None, description="End of the granted credits; else they stay.")
    reason: Name | None = None


class PaymentRow(Row):
    """A payment that your system charges, not Stripe, so that a failed one is followed up here too."""

    external_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$")]
    membership: Reference = Field(description="External id of the membership.")
    status: Literal["failed", "paid", "void"]
    amount_cents: Annotated[int, Field(ge=1, le=10_000_000)]
    currency: Literal["usd"] = "usd"
    charged_at: Moment = Field(description="When it was tried last.")
    attempt: Annotated[int, Field(ge=1, le=50)] = 1
    next_attempt_at: Moment | None = None
    decline_code: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,60}$")] | None = None
    pay_url: Annotated[str, Field(pattern=r"^https://[^\s]+$", max_length=500)] | None = Field(
        None, description="Your page on which the patient puts the card right."
    )
