"""Addresses and checksums of public data sets."""

FLOWER_PHOTOS = "https://storage.googleapis.com/download.tensorflow.org/example_images/flower_photos.tgz"
"""An archive of 229 MB: daisy, dandelion, roses, sunflowers and tulips, 3670 photographs."""

FLOWER_PHOTOS_SHA256 = "4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c"
"""Its checksum, as TensorFlow Datasets lists it for ``tf_flowers``."""
