"""Names of spoken languages as people and peers write them, and the codes that Whisper has for them. Pure."""

import re
from difflib import get_close_matches

TABLE = """
af afr afrikaans; am amh amharic; ar ara arb arabic; as asm assamese; az aze azerbaijani; ba bak bashkir;
be bel belarusian; bg bul bulgarian; bn ben bengali bangla; bo bod tib tibetan; br bre breton; bs bos bosnian;
ca cat catalan valencian; cs ces cze czech; cy cym wel welsh; da dan danish; de deu ger german; el ell gre greek;
en eng english; es spa spanish castilian; et est ekk estonian; eu eus baq basque; fa fas per pes persian farsi;
fi fin finnish; fo fao faroese; fr fra fre french; gl glg galician; gu guj gujarati; ha hau hausa; haw hawaiian;
he heb iw hebrew; hi hin hindi; hr hrv croatian; ht hat haitian; hu hun hungarian; hy hye arm armenian;
id ind in indonesian; is isl ice icelandic; it ita italian; ja jpn japanese; jw jv jav javanese;
ka kat geo georgian; kk kaz kazakh; km khm khmer; kn kan kannada; ko kor korean; la lat latin;
lb ltz luxembourgish letzeburgesch; ln lin lingala; lo lao; lt lit lithuanian; lv lav lvs latvian;
mg mlg plt malagasy; mi mri mao maori; mk mkd mac macedonian; ml mal malayalam; mn mon khk mongolian;
mr mar marathi; ms msa may zsm malay; mt mlt maltese; my mya bur burmese myanmar; ne nep npi nepali;
nl nld dut dutch flemish; nn nno nynorsk; no nor nb nob norwegian bokmål bokmal; oc oci occitan;
pa pan panjabi punjabi; pl pol polish; ps pus pbt pashto pushto; pt por portuguese; ro ron rum mo romanian moldavian;
ru rus russian; sa san sanskrit; sd snd sindhi; si sin sinhala sinhalese; sk slk slo slovak; sl slv slovenian;
sn sna shona; so som somali; sq sqi alb als albanian; sr srp serbian; su sun sundanese; sv swe swedish;
sw swa swh swahili; ta tam tamil; te tel telugu; tg tgk tajik; th tha thai; tk tuk turkmen; tl tgl fil tagalog filipino;
tr tur turkish; tt tat tatar; uk ukr ukrainian; ur urd urdu; uz uzb uzn uzbek; vi vie vietnamese; yi yid ydd ji yiddish;
yo yor yoruba; yue cantonese; zh zho chi cmn chinese mandarin
"""
"""Whisper's code, then ISO 639-2 and 639-3, what either was called earlier, Home Assistant's, and English names.

Whisper says `jw` for Javanese, whose code is `jv`, and `no` for Bokmål, whose code is `nb`."""

COUNTRIES = {
    "al": "sq", "at": "de", "cn": "zh", "cz": "cs", "dk": "da", "gb": "en", "gr": "el", "jp": "ja", "kr": "ko",
    "ua": "uk", "us": "en",
}  # fmt: skip
"""Countries that are no code of a language, and the language that is meant where they are given for one."""

CODE_OF = {name: names.split()[0] for names in TABLE.replace("\n", " ").strip().split(";") for name in names.split()}
CODES = frozenset(CODE_OF.values())
"""Every language that some Whisper model recognises."""

LOCALE = re.compile(r"(?P<language>[^\W\d_]+)(?P<rest>(?:-[^\W_]{1,8})*)(?:[.@].*)?")
"""`de`, `de-AT`, `zh-Hans-CN` (BCP 47), `de_AT.UTF-8@euro` (POSIX), after underscores and case have gone."""


def code_of(written: str) -> str:
    """Return Whisper's code of the language `written`: a code, an English name, either with a script or a country.

    Raises `ValueError`, which says what to write instead.
    """
    found = LOCALE.fullmatch(re.sub(r"[_ ]", "-", written.strip().casefold()))
    name = found["language"] if found else ""
    if name == "zh" and found and found["rest"].startswith("-yue"):
        name = "yue"
    if name not in CODE_OF:
        raise ValueError(f"{written!r} is no language that is recognised; {_instead(name)}")
    return CODE_OF[name]


def _instead(name: str) -> str:
    if name in COUNTRIES:
        return f"that is a country, write {COUNTRIES[name]}"
    near = get_close_matches(name, [known for known in CODE_OF if len(known) > 3], n=1, cutoff=0.75)
    example = f"for {near[0]} write {CODE_OF[near[0]]}" if near else "write a code such as en, de or zh"
    return f"{example}, or auto to detect it"
