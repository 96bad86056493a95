"""Safety: what must not be kept or said. So far: secrets and personal data are found in texts and taken out.

Owns: the recognisers and what stands in place of what they find. Must not: keep a text, know HTTP or a table.
Tests: tests/unit/governance.
"""

from jixi.governance.safety._json import readable_json
from jixi.governance.safety._redact import redact

__all__ = ["readable_json", "redact"]
