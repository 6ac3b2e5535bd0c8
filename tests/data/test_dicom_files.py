"""DICOM files of every kind that pydicom brings or that a hospital may send: colour, frames, syntaxes, broken ones."""

from __future__ import annotations

import logging
import subprocess
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from dicom_files import NAME, SHIPPED, dataset, image, pydicom, written

from flowerablate import DataError
from flowerablate.data.decode import UnreachableError, decode, stored_as

COLOURS = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)


def shipped() -> list[str]:
    """Every file in pydicom's wheel that begins as DICOM and has pixels, by its name below the folder."""
    found = []
    for path in sorted(SHIPPED.rglob("*")):
        if path.is_file() and path.read_bytes()[128:132] == b"DICM":
            header = pydicom.dcmread(path, specific_tags=["Rows", "Columns"], stop_before_pixels=True)
            found += [path.relative_to(SHIPPED).as_posix()] if "Rows" in header else []
    return found


def refused(path: Path) -> str:
    """Why *path* is refused, in one line; nothing if it is decoded."""
    try:
        decode(path, 3)
    except DataError as error:
        return str(error)
    return ""


BROKEN = {"JPEG-lossy.dcm", "JPEG2000-embedded-sequence-delimiter.dcm", "MR_truncated.dcm", "badVR.dcm"}
"""Those that pydicom itself does not decode."""


@pytest.mark.parametrize("name", shipped())
def test_every_file_that_pydicom_brings_is_read_or_refused_with_a_reason(name: str) -> None:
    path = SHIPPED / name
    header = pydicom.dcmread(path)
    if refusal := refused(path):
        lacking = "needs another decoder" in refusal and "pip install 'pylibjpeg[all]'" in refusal
        assert lacking or (name in BROKEN and "it is a truncated or corrupt DICOM file" in refusal)
        return
    assert name not in BROKEN
    pixels, deep = decode(path, 3), decode(path, 3, bits=16)
    assert pixels.shape == deep.shape == (header.Rows, header.Columns, 3)
    assert np.abs(deep / 257.0 - pixels).max() <= 0.51
    theirs = pydicom.pixels.pixel_array(header, index=0)
    if header.PhotometricInterpretation.startswith("MONOCHROME"):
        rising = 1 if header.PhotometricInterpretation == "MONOCHROME2" else -1
        order = np.argsort(theirs.ravel(), kind="stable")
        in_order = deep[..., 0].ravel()[order].astype(int) * rising
        assert "PixelPaddingValue" in header or (np.diff(in_order) >= 0).all()
        assert (pixels == pixels[..., :1]).all()
    elif header.PhotometricInterpretation != "PALETTE COLOR":
        assert np.array_equal(pixels, theirs >> (header.BitsStored - 8))


def test_files_of_one_image_in_many_syntaxes_give_the_same_pixels() -> None:
    kinds = ["MR_small.dcm", "MR_small_RLE.dcm", "MR_small_bigendian.dcm", "MR_small_expb.dcm", "MR_small_implicit.dcm"]
    first, *others = (decode(SHIPPED / name, 1, bits=16) for name in [*kinds, "MR_small_jp2klossless.dcm"])
    assert all(np.array_equal(first, other) for other in others)


def test_colours_are_kept_however_their_planes_lie(tmp_path: Path) -> None:
    apart = dataset(COLOURS)
    apart.PlanarConfiguration, apart.PixelData = 1, COLOURS.transpose(2, 0, 1).tobytes()
    for path in (written(tmp_path / "a.dcm", dataset(COLOURS)), written(tmp_path / "b.dcm", apart)):
        assert np.array_equal(decode(path, 3), COLOURS)
        assert np.array_equal(decode(path, 3, bits=16), COLOURS * np.uint16(257))
        assert decode(path, 1).shape == (6, 8, 1)
        assert (decode(path, 4)[..., 3] == 255).all()


def test_of_deep_colours_the_upper_eight_bits_are_kept(tmp_path: Path) -> None:
    path = written(tmp_path / "a.dcm", dataset(COLOURS.astype(np.uint16) * 16 + 5, 12))
    assert np.array_equal(decode(path, 3), COLOURS)


def test_ybr_is_turned_into_rgb(tmp_path: Path) -> None:
    from pydicom.pixels.processing import convert_color_space

    ybr = convert_color_space(COLOURS, "RGB", "YBR_FULL")
    path = written(tmp_path / "a.dcm", dataset(ybr, PhotometricInterpretation="YBR_FULL"))
    assert np.abs(decode(path, 3).astype(int) - COLOURS).max() <= 2


@pytest.mark.parametrize(("depth", "factor"), [(8, 1), (16, 257), (16, 1)])
@pytest.mark.parametrize("first", [0, 10])
def test_indices_of_a_palette_become_its_colours(tmp_path: Path, depth: int, factor: int, first: int) -> None:
    """Entries of 16 bits may hold 8: some writers say one and write the other."""
    palette = np.random.default_rng(1).integers(0, 256, (200, 3)) * factor
    indices = np.arange(256, dtype=np.uint8).reshape(16, 16)
    made = dataset(indices, 8, PhotometricInterpretation="PALETTE COLOR")
    for name, channel in zip(("Red", "Green", "Blue"), palette.T, strict=True):
        made.add_new(f"{name}PaletteColorLookupTableDescriptor", "US", [200, first, depth])
        made.add_new(f"{name}PaletteColorLookupTableData", "OW", channel.astype(f"<u{depth // 8}").tobytes())
    expected = palette[np.clip(indices.astype(int) - first, 0, 199)] // factor
    assert np.array_equal(decode(written(tmp_path / "a.dcm", made), 3), expected)


def test_of_several_frames_the_first_is_taken_and_only_it_is_read(tmp_path: Path) -> None:
    frames = np.arange(3 * 48, dtype=np.uint16).reshape(3, 6, 8) * 20
    alone = image(tmp_path / "one.dcm", frames[0])
    path = written(tmp_path / "many.dcm", dataset(frames, 12))
    assert np.array_equal(decode(path, 1), decode(alone, 1))
    assert np.array_equal(decode(SHIPPED / "SC_rgb_rle_2frame.dcm", 3), decode(SHIPPED / "SC_rgb_rle.dcm", 3))


@pytest.mark.parametrize("name", ["a.dcm", "a.DICOM", "a.IMA", "a", "1.2.840.10008.55"])
@pytest.mark.parametrize("preamble", [True, False])
def test_files_are_known_by_their_content_with_or_without_suffix_and_preamble(
    tmp_path: Path, name: str, preamble: bool
) -> None:
    values = np.arange(48, dtype=np.uint16).reshape(6, 8) * 80
    path = written(tmp_path / name, dataset(values, 12), preamble=preamble)
    assert np.array_equal(decode(path, 1), decode(image(tmp_path / "other.dcm", values), 1))


def test_a_file_with_another_suffix_is_dicom_if_it_says_so(tmp_path: Path) -> None:
    assert decode(image(tmp_path / "a.jpg"), 3).shape == (6, 8, 3)
    cut = tmp_path / "b.png"
    cut.write_bytes(written(tmp_path / "c", dataset(np.zeros((2, 2), np.uint16)), preamble=False).read_bytes())
    with pytest.raises(DataError, match="it is not an image"):
        decode(cut, 3)


def test_a_file_that_is_tiff_and_dicom_is_what_its_name_says(tmp_path: Path) -> None:
    """Its preamble may be the header of a TIFF file (PS3.10, 7.1)."""
    both = image(tmp_path / "a.dcm")
    both.write_bytes(b"II*\0" + both.read_bytes()[4:])
    assert decode(both, 1).shape == (6, 8, 1)
    with pytest.raises(DataError, match="it is not an image"):
        decode(both.rename(tmp_path / "a.tif"), 1)


@pytest.mark.parametrize("suffix", [".dcm", ".ima", ""])
def test_text_under_the_name_of_a_dicom_file_is_no_image(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"letter{suffix}"
    path.write_text("Dear Sir or Madam" * 20)
    with pytest.raises(DataError, match="it is not an image"):
        decode(path, 3)


@pytest.mark.parametrize("name", ["test-SR.dcm", "rtplan.dcm", "rtstruct.dcm", "waveform_ecg.dcm"])
def test_reports_and_plans_are_no_images(name: str) -> None:
    with pytest.raises(DataError, match=r"it is a DICOM file without an image; repair or remove it.*skip-bad"):
        decode(SHIPPED / name, 1)


def test_more_pixels_than_allowed_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    path = image(tmp_path / "bomb.dcm", np.zeros((2, 2), np.uint16), Rows=60000, Columns=60000)
    with pytest.raises(DataError, match="60000 x 60000 pixels exceed the 178,956,970 allowed"):
        decode(path, 1)
    with pytest.raises(DataError, match="8 x 6 pixels exceed the 47 allowed"):
        decode(image(tmp_path / "a.dcm"), 1, max_pixels=47)
    with pytest.raises(DataError, match="it has no pixels"):
        decode(image(tmp_path / "none.dcm", Rows=0), 1)


def test_a_deflated_file_may_not_come_to_more_than_its_pixels_need(tmp_path: Path) -> None:
    values = np.arange(48, dtype=np.uint16).reshape(6, 8) * 80
    deflated = written(tmp_path / "a.dcm", dataset(values, 12), syntax="1.2.840.10008.1.2.1.99")
    assert np.array_equal(decode(deflated, 1), decode(image(tmp_path / "b.dcm", values), 1))
    raw = deflated.read_bytes()
    start = 132 + 12 + pydicom.dcmread(deflated).file_meta.FileMetaInformationGroupLength
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(32)) + packer.flush()
    deflated.write_bytes(raw[:start] + packed)
    with pytest.raises(DataError, match=r"comes to more than 17,048,576 bytes \(a decompression bomb\?\)"):
        decode(deflated, 1, max_pixels=1_000_000)


@pytest.mark.parametrize("keep", [0.0, 0.1, 0.3, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small_RLE.dcm", "JPEG2000.dcm", "image_dfl.dcm"])
def test_a_truncated_file_gives_one_line(tmp_path: Path, name: str, keep: float) -> None:
    raw = (SHIPPED / name).read_bytes()
    path = tmp_path / "cut.dcm"
    path.write_bytes(raw[: int(len(raw) * keep)])
    refusal = refused(path)
    assert "\n" not in refusal
    if not refusal:
        assert keep == 0.99  # the last bytes of these files are padding
        assert np.array_equal(decode(path, 1), decode(SHIPPED / name, 1))
    else:
        assert "skip-bad" in refusal


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small_RLE.dcm", "SC_rgb_rle.dcm", "JPEG2000.dcm"])
def test_garbled_bytes_give_pixels_or_a_data_error_and_nothing_else(
    tmp_path: Path, name: str, seed: int, capfd: pytest.CaptureFixture[str]
) -> None:
    draws = np.random.default_rng(seed)
    raw = bytearray((SHIPPED / name).read_bytes())
    for position in draws.integers(132, len(raw), 60):
        raw[position] = draws.integers(0, 256)
    for position in draws.integers(300, 1200, 6):
        raw[position] = draws.integers(0, 256)
    path = tmp_path / "garbled.dcm"
    path.write_bytes(raw)
    assert "\n" not in refused(path)
    assert capfd.readouterr().out == ""


def test_what_a_file_says_of_the_patient_is_in_no_error_warning_or_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    made = dataset(np.zeros((4, 4), np.uint16), PatientID="MRN-4711")
    made.PixelData = made.PixelData[:-6]
    path = written(tmp_path / "a.dcm", made)
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"19000101", b"No Date\xff"))
    with warnings.catch_warnings(record=True) as heard, caplog.at_level(logging.DEBUG):
        warnings.simplefilter("always")
        with pytest.raises(DataError, match="truncated or corrupt") as caught:
            decode(path, 1)
    assert not heard
    causes, error = [], caught.value
    while error is not None:
        causes.append(repr(error))
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    told = " ".join([*causes, caplog.text, *capfd.readouterr()])
    assert not [word for word in (NAME, "Sekret", "MRN-4711", "No Date", "ACC4711", "patient") if word in told]
    assert len(causes) == 2  # ours and the reason of ours, nothing of pydicom's


def test_a_missing_pydicom_is_named_and_is_no_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = image(tmp_path / "a.dcm")
    for name in [name for name in sys.modules if name.split(".")[0] == "pydicom"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UnreachableError, match=r"DICOM needs pydicom 3.*pip install 'flowerablate\[dicom\]'"):
        decode(path, 1)


def test_a_missing_decoder_is_named_and_is_no_fault_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    from pydicom.pixels.decoders.base import JPEG2000Decoder

    monkeypatch.setattr(JPEG2000Decoder, "_available", {})
    with pytest.raises(
        UnreachableError, match=r"its compression \(JPEG 2000 Image Compression\) needs another decoder: pip install"
    ):
        decode(SHIPPED / "JPEG2000.dcm", 1)


def test_a_syntax_that_nothing_decodes_is_a_fault_of_the_file(tmp_path: Path) -> None:
    for syntax, name in (("1.2.840.10008.1.2.4.100", "MPEG2"), ("1.2.3.4", "of an unknown kind")):
        path = image(tmp_path / "a.dcm")
        path.write_bytes(path.read_bytes().replace(b"1.2.840.10008.1.2.1\0", syntax.encode().ljust(20, b"\0")))
        if len(syntax) > 20:
            path = written(tmp_path / "b.dcm", dataset(np.zeros((2, 2), np.uint16)))
            raw = path.read_bytes()
            place = raw.index(b"1.2.840.10008.1.2.1\0")
            head = raw[: place - 2] + len(syntax + "\0").to_bytes(2, "little") + syntax.encode() + b"\0"
            path.write_bytes(head + raw[place + 20 :])
        with pytest.raises(DataError, match=rf"its transfer syntax \(.*{name}.*\) is not supported") as caught:
            decode(path, 1)
        assert not isinstance(caught.value, UnreachableError)


def test_an_odd_photometric_interpretation_is_refused_and_escaped(tmp_path: Path) -> None:
    path = image(tmp_path / "a.dcm", PhotometricInterpretation="HSV")
    path.write_bytes(path.read_bytes().replace(b"HSV ", b"\x1b[m "))
    with pytest.raises(DataError, match=r"its photometric interpretation '\\x1b\[m' is not supported"):
        decode(path, 1)


def test_the_pixel_format_is_told_as_pillow_would(tmp_path: Path) -> None:
    assert stored_as(image(tmp_path / "deep.dcm")) == ("I;16", {})
    assert stored_as(written(tmp_path / "grey.dcm", dataset(np.zeros((4, 4), np.uint8), 8))) == ("L", {})
    assert stored_as(written(tmp_path / "colour.dcm", dataset(COLOURS))) == ("RGB", {})


def test_pydicom_is_loaded_with_the_first_dicom_file(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("L", (4, 4)).save(tmp_path / "a.png")
    code = (
        "import sys; from pathlib import Path; from flowerablate.data.decode import decode; "
        "decode(Path('a.png'), 1); print([name for name in ('pydicom', 'pillow_heif') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "[]"


def test_many_threads_get_the_same_pixels_as_one() -> None:
    names = ["CT_small.dcm", "MR_small_RLE.dcm", "SC_rgb_rle_16bit.dcm", "JPEG2000.dcm", "image_dfl.dcm"]
    paths = [SHIPPED / name for name in names]
    alone = [decode(path, 3) for path in paths] * 8
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda path: decode(path, 3), paths * 8))
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))
