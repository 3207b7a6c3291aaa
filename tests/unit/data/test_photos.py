from helpers.data import photos


def test_every_photograph_has_its_credit():
    pictures, credits = photos.load(), photos.credits()
    assert len(pictures) == len(credits) == 9
    for row in credits:
        assert row["licence"].startswith(("CC0", "CC BY 2.0", "public domain")) and row["origin"]
    assert sorted(path.name for path in photos.HERE.glob("*.jpg")) == sorted(row["file"] for row in credits)
    assert all(
        image.ndim == 3 and image.dtype == "uint8" and min(image.shape[:2]) >= 200 for image in pictures.values()
    )


def test_the_classes():
    names, identifiers = photos.imagenet_classes(), photos.wordnet_ids()
    assert len(names) == len(set(identifiers)) == 1000
    # the order of every network trained on ImageNet: that of the WordNet identifiers
    assert identifiers == sorted(identifiers)
    assert names[0] == "tench" and names[285] == "Egyptian cat" and names[967] == "espresso"
