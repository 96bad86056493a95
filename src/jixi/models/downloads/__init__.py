"""Downloads of models as durable jobs: begun once, resumed after any death, cancelled, followed.

Owns: the kinds of jobs `download` and `verification`. Must not: fetch or hash anything itself; the store of `sources`
does. Tests: tests/unit/downloads; tests/faults/test_downloads.py kills the server amid them.
"""

from jixi.models.downloads._downloads import Downloads
from jixi.models.downloads._handlers import (
    DOWNLOAD,
    VERIFICATION,
    DownloadHandler,
    VerificationHandler,
    telling,
)

__all__ = ["DOWNLOAD", "VERIFICATION", "DownloadHandler", "Downloads", "VerificationHandler", "telling"]
