"""Archives are unpacked whole and harmlessly, or not at all."""

import bz2
import contextlib
import gzip
import io
import lzma
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib

import pytest

from flowerablate.data.archives import is_archive, unpack
from flowerablate.errors import DataError

GOOD = {"flowers/a/1.jpg": b"one", "flowers/b/2.jpg": b"two" * 1000, "flowers/notes.txt": b"words"}


def tar(path, files, members=()):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in members:
            archive.addfile(member)
    return path


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


MAKERS = {"a.tgz": tar, "a.zip": zipped}


def everything_in(folder):
    return {path.name for path in folder.iterdir() if not path.name.endswith(".lock")}


@pytest.mark.parametrize("name", MAKERS)
def test_wanted_files_are_unpacked_and_their_progress_is_told(tmp_path, name):
    archive = MAKERS[name](tmp_path / name, GOOD)
    told = []
    unpack(archive, tmp_path / "out", wanted=lambda key: key.endswith(".jpg"), progress=lambda *what: told.append(what))
    found = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*")}
    assert found == {"flowers/a/1.jpg", "flowers/b/2.jpg"}
    assert (tmp_path / "out/flowers/b/2.jpg").read_bytes() == GOOD["flowers/b/2.jpg"]
    assert told[-1][1] == told[-1][2]


def test_a_folder_that_is_there_is_kept(tmp_path):
    archive = tar(tmp_path / "a.tgz", GOOD)
    (tmp_path / "out").mkdir()
    unpack(archive, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize(
    "bad", ["../evil.jpg", "a/../../evil.jpg", "/tmp/evil.jpg", "a\\..\\..\\evil.jpg", "C:\\evil.jpg"]
)
def test_a_path_that_leads_out_is_refused_and_nothing_is_left(tmp_path, maker, bad):
    inner = tmp_path / "inner"
    inner.mkdir()
    archive = MAKERS[maker](inner / maker, {**GOOD, bad: b"evil"})
    with pytest.raises(DataError, match="points outside its folder"):
        unpack(archive, inner / "out", wanted=lambda key: key.startswith("flowers"))
    assert everything_in(inner) == {maker}
    assert everything_in(tmp_path) == {"inner"}


def link(name, target, kind):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(tmp_path, kind):
    archive = tar(tmp_path / "a.tgz", GOOD, [link("flowers/a/link", "/etc", kind)])
    with pytest.raises(DataError, match="a link or a device"):
        unpack(archive, tmp_path / "out")
    assert everything_in(tmp_path) == {"a.tgz"}


def test_a_link_in_a_zip_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        member = zipfile.ZipInfo("flowers/link")
        member.create_system, member.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(member, "/etc/passwd")
    with pytest.raises(DataError, match="a link or a device"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


@pytest.mark.parametrize("name", MAKERS)
def test_an_archive_that_swells_is_stopped(tmp_path, name):
    archive = MAKERS[name](tmp_path / name, {"a/1.jpg": bytes(5_000_000), "a/2.jpg": bytes(5_000_000)})
    assert archive.stat().st_size < 100_000
    with pytest.raises(DataError, match="unpacks to more than 6 MB"):
        unpack(archive, tmp_path / "out", max_bytes=6_000_000)
    assert everything_in(tmp_path) == {name}


def test_a_name_that_comes_twice_is_refused(tmp_path):
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as archive:
        for content in (b"1", b"22"):
            member = tarfile.TarInfo("a/1.jpg")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    with pytest.raises(DataError, match=r"'a/1.jpg' twice"):
        unpack(tmp_path / "a.tgz", tmp_path / "out")


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("keep", [0.6, 0.0])
def test_a_damaged_archive_is_said_to_be_and_leaves_nothing(tmp_path, name, keep):
    import random

    archive = MAKERS[name](tmp_path / name, {"a/1.jpg": random.Random(0).randbytes(100_000)})
    archive.write_bytes(archive.read_bytes()[: int(keep * archive.stat().st_size)])
    with pytest.raises(DataError, match="damaged or not an archive"):
        unpack(archive, tmp_path / "out")
    assert everything_in(tmp_path) == {name}


def some_images(count=12):
    return {f"a/{number:02}.jpg": bytes([number]) * 700 for number in range(count)}


PACKERS = {"a.tar": bytes, "a.tgz": gzip.compress, "a.tar.bz2": bz2.compress, "a.tar.xz": lzma.compress}


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("place", [0, 99, 130, 150, 156, 257, 500])
def test_one_wrong_byte_in_a_header_loses_no_images_in_silence(tmp_path, name, place):
    plain = bytearray(gzip.decompress(tar(tmp_path / "a", some_images()).read_bytes()))
    plain[7 * 1536 + place] ^= 4
    (tmp_path / name).write_bytes(PACKERS[name](plain))
    with pytest.raises(DataError, match=r"damaged or not an archive .the header at byte 10752 is wrong"):
        unpack(tmp_path / name, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("end", [7 * 1536, 7 * 1536 + 200, 7 * 1536 + 511])
def test_an_archive_that_was_cut_at_a_header_lacks_the_mark_of_its_end(tmp_path, name, end):
    plain = gzip.decompress(tar(tmp_path / "a", some_images()).read_bytes())
    (tmp_path / name).write_bytes(PACKERS[name](plain[:end]))
    with pytest.raises(DataError, match="ends at byte 10752, without the mark of its end"):
        unpack(tmp_path / name, tmp_path / "out")


@pytest.mark.parametrize("name", PACKERS)
def test_members_behind_the_end_of_an_archive_are_not_lost_in_silence(tmp_path, name):
    plain = bytearray(gzip.decompress(tar(tmp_path / "a", some_images()).read_bytes()))
    plain[7 * 1536 : 7 * 1536 + 512] = bytes(512)  # a header on a part of the disk that was lost
    (tmp_path / name).write_bytes(PACKERS[name](plain))
    with pytest.raises(DataError, match="it continues after its end"):
        unpack(tmp_path / name, tmp_path / "out")


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("zeros", [512, 1024, 10240])
def test_whole_archives_of_all_kinds_are_unpacked_whatever_their_padding(tmp_path, kind, zeros):
    with tarfile.open(tmp_path / "a.tar", "w", format=kind) as archive:
        for name, content in some_images().items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    whole = (tmp_path / "a.tar").read_bytes().rstrip(b"\0")
    (tmp_path / "a.tar").write_bytes(whole + bytes(-len(whole) % 512 + zeros))
    unpack(tmp_path / "a.tar", tmp_path / "out")
    assert len(list((tmp_path / "out/a").iterdir())) == 12


def overlapping(path, *, quoted):
    """Several names for one member's bytes; *quoted*: each member's data begins with the header of the next one."""
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = kernel.compress(bytes(1 << 20)) + kernel.flush()
    names = [f"a/{number}.jpg" for number in range(20)]
    headers = []
    for name in names:
        head = struct.pack(
            "<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 8, 0, 33, zlib.crc32(bytes(1 << 20)), len(data), 1 << 20, len(name), 0
        )
        headers.append(head + name.encode())
    places = [sum(map(len, headers[:number])) if quoted else 0 for number in range(20)]
    body = (b"".join(headers) if quoted else headers[0]) + data
    central = b""
    for number, name in enumerate(names):
        size = len(body) - places[number] - len(headers[number]) if quoted else len(data)
        central += struct.pack(
            "<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 8, 0, 33, zlib.crc32(bytes(1 << 20)), size, 1 << 20,
            len(name), 0, 0, 0, 0, 0, places[number],
        ) + name.encode()  # fmt: skip
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 20, 20, len(central), len(body), 0)
    path.write_bytes(body + central + end)
    return path


@pytest.mark.parametrize("quoted", [False, True])
def test_members_of_a_zip_that_overlap_are_refused_before_anything_is_unpacked(tmp_path, quoted):
    archive = overlapping(tmp_path / "a.zip", quoted=quoted)
    assert len(zipfile.ZipFile(archive).infolist()) == 20
    with pytest.raises(DataError, match="overlap"):
        unpack(archive, tmp_path / "out")
    assert everything_in(tmp_path) == {"a.zip"}


@pytest.mark.parametrize("maker", MAKERS)
def test_folders_that_the_file_system_takes_for_one_are_not_mixed(tmp_path, maker):
    archive = MAKERS[maker](tmp_path / maker, {"set/Rose/1.jpg": b"1", "set/rose/2.jpg": b"2"})

    def like_a_case_insensitive_one(name):
        if name == "set/rose/2.jpg":
            (tmp_path / ".out.partial/set/rose").symlink_to("Rose")
        return True

    with pytest.raises(DataError, match="'set/Rose' and 'set/rose', which are the same on this file system"):
        unpack(archive, tmp_path / "out", wanted=like_a_case_insensitive_one)
    unpack(archive, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out/set").iterdir()} == {"Rose", "rose"}


def test_bytes_that_were_changed_by_chance_raise_no_other_error(tmp_path):
    import random

    for name, maker in MAKERS.items():
        whole = maker(tmp_path / name, {"é/1.jpg": b"12345" * 30}).read_bytes()
        whole = gzip.decompress(whole) if name == "a.tgz" else whole
        for seed in range(150):
            numbers, changed = random.Random(seed), bytearray(whole)
            changed[numbers.randrange(min(len(changed), 700))] = numbers.randrange(256)
            (tmp_path / name).write_bytes(changed)
            with contextlib.suppress(DataError):
                unpack(tmp_path / name, tmp_path / "out")
            shutil.rmtree(tmp_path / "out", ignore_errors=True)


def test_bytes_that_gzip_finds_wrong_are_damage_and_no_full_disk(tmp_path):
    archive = tar(tmp_path / "a.tgz", GOOD)
    content = bytearray(archive.read_bytes())
    content[-8] ^= 1  # the checksum
    archive.write_bytes(content)
    with pytest.raises(DataError, match="damaged or not an archive") as raised:
        unpack(archive, tmp_path / "out")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_does_not_get_the_memory_that_it_asks_for(tmp_path, kind):
    header = tarfile.TarInfo("x")
    header.type, header.size = kind, 1 << 40
    with gzip.open(tmp_path / "a.tgz", "wb") as file:
        file.write(header.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 20))
    with pytest.raises(DataError, match="a header of 1099511627776 bytes"):
        unpack(tmp_path / "a.tgz", tmp_path / "out")


def test_an_archive_with_nothing_wanted_leaves_nothing(tmp_path):
    archive = tar(tmp_path / "a.tgz", GOOD)
    with pytest.raises(DataError, match="none of the wanted files"):
        unpack(archive, tmp_path / "out", wanted=lambda key: False)
    assert everything_in(tmp_path) == {"a.tgz"}


def test_archives_are_known_by_their_names(tmp_path):
    for name in ("a.tar.gz", "B.TGZ", "c.zip", "d.tar.xz"):
        (tmp_path / name).touch()
        assert is_archive(tmp_path / name)
    (tmp_path / "e.jpg").touch()
    assert not is_archive(tmp_path / "e.jpg")
    assert not is_archive(tmp_path / "absent.zip")


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_folder_with_nothing_but_what_is_not_wanted_is_made_empty(tmp_path, kind):
    names = ["a/1.jpg", "b/.junk/deep/x.jpg", "c/"]
    archive = tmp_path / f"set.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as packed:
            for name in names:
                packed.writestr(name, b"")
    else:
        with tarfile.open(archive, "w") as file:
            for name in names:
                member = tarfile.TarInfo(name.rstrip("/"))
                member.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
                file.addfile(member)
    unpack(archive, tmp_path / "out", wanted=lambda name: ".junk" not in name)
    found = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*"))
    assert found == ["a", "a/1.jpg", "b", "c"]
