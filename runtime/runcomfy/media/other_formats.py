"""Formats that models neither take nor return, or rarely: to say what a file is that was given by mistake."""

from __future__ import annotations

__all__ = ["OTHER_FILES", "RARE_MEDIA"]

#: Name, words, and the possible first bytes.
OTHER_FILES: tuple[tuple[str, str, tuple[bytes, ...]], ...] = (
    ("wasm", "a program", (b"\0asm\x01\0\0\0", b"dex\n0", b"\x1bLua", b"BC\xc0\xde")),
    ("macho", "a program", (b"\xfe\xed\xfa\xcf", b"\xfe\xed\xfa\xce")),
    ("package", "a software package", (b"!<arch>\n", b"\xed\xab\xee\xdb", b"Cr24")),
    ("lz4", "an LZ4 archive", (b"\x04\x22\x4d\x18",)),
    ("lzip", "an lzip archive", (b"LZIP\x01",)),
    ("snappy", "a Snappy archive", (b"\xff\x06\0\0sNaPpY",)),
    ("squashfs", "a file system", (b"hsqs", b"QFI\xfb", b"KDMV", b"vhdxfile")),
    ("arrow", "an Arrow table", (b"ARROW1\0\0", b"FEA1")),
    ("orc", "an ORC table", (b"ORC\x0a", b"ORC\x08")),
    ("avro", "an Avro table", (b"Obj\x01",)),
    ("netcdf", "a netCDF file", (b"CDF\x01", b"CDF\x02", b"CDF\x05")),
    ("matlab", "a MATLAB file", (b"MATLAB 5.0 MAT-file",)),
    ("r", "data of R", (b"RDX2\n", b"RDX3\n")),
    ("torch", "the weights of a model", (b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20", b"lmgg")),
    ("old-pickle", "a Python pickle", (b"\x80\x02}q", b"\x80\x03}q", b"\x80\x02]q", b"\x80\x03]q")),
    ("blend", "a Blender file", (b"BLENDER-v", b"BLENDER_v", b"BLENDER1")),
    ("usdc", "3D data", (b"PXR-USDC", b"ASTM-E57", b"LASF", b" BDV", b"QC4DC4D6")),
    ("ttc", "a font", (b"ttcf\0\x01", b"ttcf\0\x02", b"true\0")),
    ("chm", "a help file", (b"ITSF\x03\0\0\0",)),
    ("capture", "a capture of network packets", (b"\xd4\xc3\xb2\xa1", b"\x0a\x0d\x0d\x0a")),
    ("registry", "a file of Windows", (b"ElfFile\0", b"regf")),
    ("keepass", "a database of passwords", (b"\x03\xd9\xa2\x9a",)),
    ("encrypted", "an encrypted file", (b"Salted__", b"age-encryption.org/")),
    ("git", "a file of Git", (b"DIRC\0\0\0", b"PACK\0\0\0")),
    ("flash", "a Flash program", (b"CWS\x09", b"CWS\x0a", b"FWS\x09", b"FWS\x0a")),
    ("dwg", "a drawing of a CAD program", (b"AC1015", b"AC1018", b"AC102", b"AC1032")),
    ("outlook", "a mailbox", (b"!BDN",)),
)

#: Media that few services read. Name, kind, words, and the possible first bytes.
RARE_MEDIA: tuple[tuple[str, str, str, tuple[bytes, ...]], ...] = (
    ("dds", "image", "a DDS texture", (b"DDS \x7c\0\0\0",)),
    ("ktx", "image", "a KTX texture", (b"\xabKTX 11\xbb", b"\xabKTX 20\xbb")),
    ("qoi", "image", "a QOI image", (b"qoif\0",)),
    ("icns", "image", "an icon", (b"icns\0",)),
    ("cursor", "image", "a mouse cursor", (b"\0\0\x02\0\x01\0",)),
    ("xcf", "image", "a GIMP image", (b"gimp xcf ",)),
    ("djvu", "image", "a DjVu document", (b"AT&TFORM",)),
    ("raw", "image", "an unprocessed photo", (b"FUJIFILMCCD-RAW", b"IIU\0", b"IIRO", b"IIRS")),
    ("fits", "image", "a FITS image", (b"SIMPLE  =",)),
    ("metafile", "image", "a Windows metafile", (b"\xd7\xcd\xc6\x9a",)),
    ("mng", "image", "an MNG image", (b"\x8aMNG\r\n\x1a\n", b"\x8bJNG\r\n\x1a\n")),
    ("flif", "image", "a FLIF image", (b"FLIF",)),
    ("bpg", "image", "a BPG image", (b"BPG\xfb",)),
    ("farbfeld", "image", "a farbfeld image", (b"farbfeld",)),
    ("au", "audio", "an AU audio file", (b".snd\0\0",)),
    ("ape", "audio", "a Monkey's Audio file", (b"MAC \x96", b"MAC \x7c", b"MAC \x8c")),
    ("wavpack", "audio", "a WavPack audio file", (b"wvpk",)),
    ("dsf", "audio", "a DSD audio file", (b"DSD \x1c",)),
    ("tta", "audio", "a True Audio file", (b"TTA1",)),
    ("musepack", "audio", "a Musepack audio file", (b"MPCK",)),
    ("w64", "audio", "a Wave64 audio file", (b"riff\x2e\x91\xcf\x11",)),
    ("module", "audio", "a tracker module", (b"Extended Module: ", b"IMPM")),
    ("voc", "audio", "a VOC audio file", (b"Creative Voice File\x1a",)),
    ("realmedia", "video", "a RealMedia file", (b".RMF\0",)),
    ("mxf", "video", "an MXF video", (b"\x06\x0e\x2b\x34\x02\x05\x01\x01",)),
    ("ivf", "video", "an IVF video", (b"DKIF\0\0",)),
    ("y4m", "video", "an uncompressed video", (b"YUV4MPEG2 ",)),
    ("nut", "video", "a NUT video", (b"nut/multimedia container\0",)),
    ("bink", "video", "a Bink video", (b"BIKi", b"KB2j")),
)
