"""The command line of the builder."""

import argparse
import json
import sys
from collections import Counter

from helpers.data.build_dataset.builder import FORMATS, QUALITY, Built, build
from helpers.data.build_dataset.images import RESIZE
from helpers.files import FileError

STATUS = "Exit status: 0 built, or there already; 1 not built (images, disk, interrupt); 2 wrong arguments."


def main(argv: list[str] | None = None) -> int:
    """Build a data set as the command line says, and print what was built.

    Args:
        argv: the arguments; None takes those of the process.

    Returns:
        The exit status: 0 built, or there already; 1 not built, because of the images, the disk or an interrupt;
        2 wrong arguments (a `SystemExit` where argparse finds them).
    """
    arguments = _parser().parse_args(argv)
    try:
        built = build(**vars(arguments))
    except ValueError as error:
        return _say(error, 2)
    except (FileError, OSError) as error:
        return _say(error, 1)
    except KeyboardInterrupt:
        return _say("interrupted; the same command begins again", 1)
    console = sys.stdout.encoding or "utf-8"  # it may lack the letters of a class name
    print(_report(built).encode(console, "backslashreplace").decode(console))
    return 0


def _say(why: object, status: int) -> int:
    print(f"not built: {why}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    about = "Build a data set: a folder of images becomes train, val and test."
    parser = argparse.ArgumentParser("python -m helpers.data.build_dataset", description=about, epilog=STATUS)
    parser.add_argument("name", nargs="?", help="a data set, such as cats_vs_dogs")
    parser.add_argument("--folder", help="images of your own instead: a folder with one sub-folder a class")
    parser.add_argument("--format", choices=FORMATS, default="hdf5")
    parser.add_argument("--size", type=int, default=256, help="of the stored images, in pixels (256)")
    parser.add_argument("--val", type=float, default=0.1, help="share of the images, 0 for none (0.1)")
    parser.add_argument("--test", type=float, default=0.1, help="share of the images, 0 for none (0.1)")
    parser.add_argument("--out", help="folder to build in; the set is <out>/<name>_<size>_<format> (the data cache)")
    parser.add_argument("--count", type=int, help="how many images to take (all)")
    parser.add_argument("--seed", type=int, default=0, help="of the split and the order (0)")
    parser.add_argument("--resize", choices=RESIZE, default="aspect", help="keep the proportions, or all of the image")
    jpeg = parser.add_mutually_exclusive_group()
    jpeg.add_argument("--quality", type=int, default=QUALITY, help=f"of JPEGs in shards, 1 to 100 ({QUALITY})")
    jpeg.add_argument(
        "--original", dest="quality", action="store_const", const=None, help="shards hold the files as they are"
    )
    parser.add_argument("--any-jpeg", action="store_true", help="take .jpg files without JFIF, such as a camera's")
    parser.add_argument("--overwrite", action="store_true", help="replace a set that is in that place")
    parser.add_argument("--threads", type=int, default=2, help="that decode and resize (2)")
    return parser


def _report(built: Built) -> str:
    lines = [
        f"{built.folder}: " + ("built" if built.is_new else "there already, same images, same arguments; not built")
    ]
    for part, counts in built.counts.items():
        classes = ", ".join(f"{number:,} {name}" for name, number in counts.items())
        lines.append(f"  {part:5} {sum(counts.values()):>7,} images: {classes}")
    lines.append("  means of train: r {:.3f}, g {:.3f}, b {:.3f}".format(*built.mean))
    total = sum(sum(counts.values()) for counts in built.counts.values())
    speed = f", {built.seconds:.1f} s, {total / built.seconds:,.0f} images a second" if built.is_new else ""
    lines.append(f"  {built.num_bytes:,} bytes{speed}")
    if built.other_files:
        lines.append(
            f"  not looked at: {built.other_files:,} other files in the class folders, folders inside of them included"
        )
    if built.skipped:
        skipped = json.loads((built.folder / "skipped.json").read_bytes())
        reasons = Counter(one["reason"].split(":")[0].split(". ")[0] for one in skipped)
        lines.append(f"  left out: {built.skipped:,}, listed in skipped.json")
        lines += [f"    {number:>6,} x {reason}" for reason, number in reasons.most_common(5)]
    return "\n".join(lines)
