"""The shop's history, read at install: customers first, then orders; counted once, resumable."""

from shopify_app.platform.backfill.progress import Progress, SubjectProgress, progress
from shopify_app.platform.backfill.steps import step
from shopify_app.platform.backfill_runs import start

__all__ = ["Progress", "SubjectProgress", "progress", "start", "step"]
