from django.db import migrations, models


def take_old_claims_for_given(apps, schema_editor):
    """The workers of before called the carrier under the claim alone: what they left open has to be looked up."""
    messages = apps.get_model("outreach", "Message").objects.filter(status__in=["sending", "unknown"])
    messages.update(given_at=models.F("claimed_at"))


class Migration(migrations.Migration):
    dependencies = [("outreach", "0006_pages")]
    operations = [
        migrations.AddField("message", "given_at", models.DateTimeField(blank=True, null=True)),
        migrations.RunPython(take_old_claims_for_given, migrations.RunPython.noop),
    ]
