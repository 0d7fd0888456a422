"""django-q's queue table has no index but its key; a dequeue behind many locked rows costs 16 ms without this one."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("medspa", "0001_initial"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
    ]

    operations = [
        migrations.RunSQL(
            'CREATE INDEX IF NOT EXISTS medspa_queue_by_lock ON django_q_ormq ("key", "lock")',
            "DROP INDEX IF EXISTS medspa_queue_by_lock",
        ),
    ]
