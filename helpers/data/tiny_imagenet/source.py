"""`load`: where Tiny ImageNet is, or what stands in for it."""

from pathlib import Path

from helpers import profiles
from helpers.data import downloads
from helpers.data.drawn import objects
from helpers.data.tiny_imagenet.layout import TinyImageNet, read

NAME = "tiny_imagenet"
DRAWN = {"classes": 20, "train": 60, "val": 10}  # how many classes stand in, and how many images of each
DRAWN_SIZE = 64  # height and width of those, in pixels


def load() -> TinyImageNet:
    """List the images of Tiny ImageNet, and print one line that says which data this is.

    Looks for `tiny-imagenet-200.zip` in the folder `COURSE_DATA`, then in the cache, then downloads it (248 MB) and
    unpacks it into the cache once. Where there is no network, or in the `ci` profile, 1,400 drawn images of 20 classes
    stand in, in the same layout: the ten kinds of `objects.py`, each in plain and in striped.

    Raises:
        DataError: the archive is not the one in `data/registry.tsv`, or cannot be unpacked.
        FileError: the cache cannot be written, or what was unpacked or drawn there has changed since.
    """
    if profiles.name() == "ci":
        return _stand_in("profile ci")
    try:
        folder, source, archive = _find()
    except downloads.Unreachable as reason:
        return _stand_in(str(reason))
    found = read(folder)._replace(source=source)
    where = {"local": "from COURSE_DATA", "cache": "from the cache", "download": "downloaded"}[source]
    print(f"{NAME}: {len(found.train_files):,} + {len(found.val_files):,} images {where} ({archive})")
    return found


def _find():
    """The folder of the unpacked archive, where that was found, and the path of the archive."""
    (file, rows), *_ = downloads.registry(NAME).items()
    pack, cache = profiles.course_data(), profiles.cache()
    final = cache / NAME / Path(file).stem
    if pack and (pack / file).exists():
        source, archive = "local", pack / file
    else:
        source, archive = "cache", cache / file
        if not final.exists() and not archive.exists():
            downloads.download(cache, file, rows)
            source = "download"
    if not final.exists():
        downloads.verify(archive, rows)
        with downloads.staged_folder(final) as part:
            downloads.unpack(archive, part)
    return final / Path(file).stem, source, archive


def _stand_in(reason):
    """Draw the stand-in, unless that was done before; `reason` says why."""
    final = profiles.cache() / NAME / f"drawn_v{objects.VERSION}"
    if not final.exists():
        with downloads.staged_folder(final) as part:
            _draw(part)
    found = read(final)._replace(source="stand-in")
    number = len(found.train_files) + len(found.val_files)
    print(f"{NAME}: {reason}, so {number:,} drawn images of {len(found.wnids)} classes stand in ({final})")
    return found


def _draw(folder):
    """Write drawings in Tiny ImageNet's layout: class 0 is a plain airplane, class 1 a striped one, and so on."""
    wnids, words, annotations = [], [], []
    (folder / "val" / "images").mkdir(parents=True)
    for label in range(DRAWN["classes"]):
        kind, pattern = label // 2, objects.PATTERNS[label % 2]
        wnid = f"n9{label:07d}"  # WordNet has no such number
        wnids.append(wnid)
        words.append(f"{wnid}\t{pattern} {objects.KINDS[kind]}, drawn")
        images = folder / "train" / wnid / "images"
        images.mkdir(parents=True)
        for turn in range(DRAWN["train"] + DRAWN["val"]):
            index = len(objects.KINDS) * (turn * 2 + label % 2) + kind
            place = images / f"{wnid}_{turn}.JPEG"
            if turn >= DRAWN["train"]:
                place = folder / "val" / "images" / f"val_{len(annotations)}.JPEG"
                annotations.append(f"{place.name}\t{wnid}\t0\t0\t{DRAWN_SIZE - 1}\t{DRAWN_SIZE - 1}")
            _write(place, objects.draw_one(index, size=DRAWN_SIZE, pattern=pattern)[0])
    for name, lines in (("wnids.txt", wnids), ("words.txt", words), ("val/val_annotations.txt", annotations)):
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write(path, image):
    import cv2

    _, encoded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
    path.write_bytes(encoded.tobytes())
