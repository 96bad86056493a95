"""`SettledNames`: the names that the settings give, in the same table as those that people give."""

from collections.abc import Collection
from typing import Final

from jixi.core.errors import JixiError, problem
from jixi.models.names._records import claim, held_by, taken_from
from jixi.storage import Database, whole

_OWNER: Final = "settings"
_TRIES: Final = 5


class SettledNames:
    """Servers on one database are taken to have the same settings: the one that started last says which names these
    are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @whole
    async def settle(self, names: Collection[str], kept: Collection[str] = ()) -> None:
        """The settings have these names from now on, and of `kept` those that they have already, and no other.

        Raises `settings_name_taken`.
        """
        for _ in range(_TRIES):
            try:
                async with self._database.session() as session:
                    held = await held_by(session, _OWNER)
                    wanted = {*names, *held.intersection(kept)}
                    if held == wanted:
                        return
                    if taken := await taken_from(session, _OWNER, names):
                        raise problem("settings_name_taken", name=taken[0], param="deployments")
                    await claim(session, _OWNER, dict.fromkeys(wanted, "deployments"))
            except JixiError as error:
                if error.code != "name_taken":
                    raise
                # Somebody took one of them in this instant, or another server settled the same and has done it.
            else:
                return
        raise problem("settings_name_taken", name=", ".join(sorted(names)), param="deployments")
