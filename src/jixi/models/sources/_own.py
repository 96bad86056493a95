"""Files of a model of one's own, as they lie on this machine: judged and digested before the store takes them."""

from pathlib import Path

from jixi.core.errors import problem
from jixi.models.catalog import FolderSource, ModelFile
from jixi.models.formats import FormatError, check_file
from jixi.models.sources._choice import refuse_missing
from jixi.models.sources._folder import Folder
from jixi.models.sources._hashing import sha256_of
from jixi.models.sources._protocol import SourceError
from jixi.models.sources._shards import is_index, missing_shards
from jixi.models.sources._threads import in_thread


async def own_files(model: str, path: Path) -> list[ModelFile]:
    """The files of the model at `path`, a file or a folder, with their digests.

    Raises `model_file_refused` where there are no weights that can be read safely, or no engine should read one.
    """
    folder = folder_at(path)
    found: list[ModelFile] = []
    name = path.name
    try:
        files = (await folder.listing(())).files
        for file in files:
            name = file.name
            here = folder.place(name)
            if is_index(name):
                refuse_missing(await in_thread(missing_shards, here, name, [each.name for each in files]))
            await in_thread(check_file, here, name)
            found.append(ModelFile(file.role, name, here.stat().st_size, await in_thread(sha256_of, here)))
    except (SourceError, FormatError, OSError) as error:
        reason = str(error.strerror or error) if isinstance(error, OSError) else str(error)
        raise problem("model_file_refused", model=model, file=name, reason=reason) from error
    return found


def folder_at(path: Path) -> Folder:
    return Folder(FolderSource("folder", str(path)))
