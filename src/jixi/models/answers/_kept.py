"""`KeptAnswers`: what lies sealed in the table, whoever keeps it."""

from typing import Final

import structlog

from jixi.core.errors import JixiError
from jixi.models.answers._records import PLACE, AnswerRecords
from jixi.storage import Database, Vault

_log = structlog.get_logger()
_AT_ONCE: Final = 8


class KeptAnswers:
    """The first answers, for a rotation of the vault."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._records = AnswerRecords(database)
        self._vault = vault

    async def rewrap(self) -> int:
        """Seal what is kept under the vault's newest key; returns how many were not. What no key opens stays."""
        count, after = 0, ""
        while some := await self._records.answered(after, _AT_ONCE):
            for key, answer in some:
                renewed = self._renewed(key, answer)
                count += renewed is not None and await self._records.reseal(key, answer, renewed)
            after = some[-1][0]
        return count

    def _renewed(self, key: str, answer: str) -> str | None:
        try:
            return self._vault.renewed(answer, PLACE, key)
        except JixiError as error:
            _log.warning("answer_unreadable", code=error.code)
            return None
