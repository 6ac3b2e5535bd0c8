"""Files with the images in them: arrays, IDX, Parquet, tar files of samples."""
