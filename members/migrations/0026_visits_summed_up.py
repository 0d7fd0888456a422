from django.db import migrations, models
from django.db.models import Count, IntegerField, Min, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone


def sum_up(apps, schema_editor):
    """What each night compares (members/standings.py), so that the first round after the update knows the rhythms."""
    visits = apps.get_model("members", "Visit").objects.filter(patient=OuterRef("patient"), status="completed")
    came = visits.filter(starts_at__lte=timezone.now()).order_by().values("patient")
    apps.get_model("members", "Membership").objects.update(
        visits_completed=Coalesce(Subquery(came.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0),
        first_visit_at=Subquery(came.annotate(n=Min("starts_at")).values("n")),
    )


class Migration(migrations.Migration):
    dependencies = [("members", "0025_held_lots_and_audit_rounds")]
    operations = [
        migrations.AddField("membership", "visits_completed", models.PositiveIntegerField(default=0)),
        migrations.AddField("membership", "first_visit_at", models.DateTimeField(blank=True, null=True)),
        migrations.RunPython(sum_up, migrations.RunPython.noop),
    ]
