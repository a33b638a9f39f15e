"""The operators of questions in each language, compared with tables written by hand."""

import pytest

from kg.programs import Period
from kptm.answering.lexicon import load

LEXICON = load()


def matches(text, language):
    """All matches as (kind, words, match), without those of the kind "fill"."""
    tokens = LEXICON.tokens(text, language)
    found = LEXICON.matches(tokens, language)
    return [
        (match.kind, words_of(text, tokens, match), match)
        for match in found
        if match.kind != "fill"
    ]


def words_of(text, tokens, match):
    if match.start == match.end:
        return ""
    return text[tokens[match.start].start : tokens[match.end - 1].end]


SPANS = {
    "de": {
        "Wie viele Staaten grenzen an Texas?": {("count", "Wie viele")},
        "wieviele leute leben in bremen": {
            ("count", "wieviele"), ("ask", "wieviele leute"), ("ask", "wieviele leute leben"),
        },
        "was ist die zweitgrößte Stadt": {
            ("ask", "was ist die"), ("ordinal", "zweit"), ("superlative", "größte"),
        },
        "welche Länder haben mehr als 3,5 Millionen Einwohner": {
            ("ask", "welche"), ("comparison", "mehr als"), ("number", "3,5 Millionen"),
        },
        "welche Staaten grenzen nicht an Polen": {("ask", "welche"), ("negation", "nicht")},
        "Grenzt Polen an Ungarn oder Litauen?": {("yesno", ""), ("or", "oder")},
        "ist der Rhein länger als die Elbe": {("yesno", "ist"), ("comparison", "länger als")},
        "wie viel länger ist der Rhein als die Elbe": {
            ("difference", "wie viel länger"), ("than", "als"),
        },
        "gesamte Bevölkerung der Städte": {("sum", "gesamte")},
        "durchschnittliche Fläche": {("mean", "durchschnittliche")},
        "das Buch, dessen Autor wir suchen": {("whose", "dessen")},
        "wurde Peru vor Chile gegründet": {("yesno", "wurde"), ("comparison", "vor")},
        "gehen wir nach Bremen": set(),
        "welche Oper wurde von Verdi geschrieben": {("ask", "welche"), ("passive", "von")},
    },
    "zh": {
        "德克萨斯州最大的城市是哪个": {("superlative", "最大的"), ("ask", "是哪个")},
        "多少个州与得克萨斯州接壤": {("count", "多少个")},
        "哪些州与俄亥俄州和新墨西哥州接壤": {("ask", "哪些"), ("and", "和")},
        "有多少人住在巴黎": {("count", "有多少"), ("ask", "多少人"), ("ask", "有多少人")},
        "人口超过两百万的城市": {("comparison", "超过"), ("number", "两百万")},
        "法国和西班牙在欧洲吗": {("and", "和"), ("yesno", "吗")},
        "哪些国家没有邻国": {("ask", "哪些"), ("negation", "没有")},
        "第二长的河流": {("ordinal", "第二"), ("superlative", "长的")},
        "尼罗河比黄河长多少": {("than", "比"), ("difference", "长多少")},
        "所有城市的平均人口": {("all", "所有"), ("mean", "平均")},
        "尼羅河比黃河長嗎": {("than", "比"), ("measure", "長"), ("yesno", "嗎")},
    },
    "es": {
        "¿Cuántos estados limitan con Texas?": {("count", "Cuántos")},
        "cuantas personas viven en austin": {
            ("count", "cuantas"), ("ask", "cuantas personas"), ("ask", "cuantas personas viven"),
        }, "que es la ciudad mas grande en oregon ?": {("ask", "que es la"),
                                                    ("superlative", "mas grande")},
        "¿Cuál es el segundo río más largo de España?": {
            ("ask", "Cuál es el"), ("ordinal", "segundo"), ("superlative", "más largo"),
        },
        "países con más de doscientos millones de habitantes": {
            ("comparison", "más de"), ("number", "doscientos millones"),
        },
        "¿Qué país no tiene ríos?": {("ask", "Qué"), ("negation", "no")},
        "¿Es Francia más grande que España?": {("yesno", "Es"), ("comparison", "más grande que")},
        "¿cuánto más alto es el Everest que el K2?": {("difference", "cuánto más alto"),
                                                      ("than", "que")},
        "novelas escritas por Cervantes": {("passive", "por")},
        "el país cuya capital es Lima": {("whose", "cuya")},
        "¿Está Lima en Perú o en Chile?": {("yesno", "Está") , ("or", "o")},
        "población total de los estados": {("sum", "total")},
    },
    "el": {
        "πόσες πολιτείες συνορεύουν με το Τέξας": {("count", "πόσες")},
        "πόσοι άνθρωποι ζουν στην Αθήνα": {
            ("count", "πόσοι"), ("ask", "πόσοι άνθρωποι"), ("ask", "πόσοι άνθρωποι ζουν"),
        },
        "ποιο είναι το δεύτερο ψηλότερο βουνό": {
            ("ask", "ποιο είναι το"), ("ordinal", "δεύτερο"), ("superlative", "ψηλότερο"),
        },
        "χώρες με περισσότερους από δύο εκατομμύρια κατοίκους": {
            ("comparison", "περισσότερους από"), ("number", "δύο εκατομμύρια"),
        },
        "ποιες χώρες δεν έχουν λίμνες": {("ask", "ποιες"), ("negation", "δεν έχουν")},
        "που είναι η Πάτρα": {("ask", "που είναι")},
        "Συνορεύει η Γαλλία με την Ισπανία ή την Ιταλία;": {("yesno", ""), ("or", "ή")},
        "πόσο μακρύτερος είναι ο Νείλος από τον Ρήνο": {
            ("difference", "πόσο μακρύτερος"), ("than", "από"),
        },
        "η πόλη της οποίας ο ποταμός": {("whose", "της οποίας")},
        "βιβλία που γράφτηκαν από τον Καζαντζάκη": {("passive", "από τον")},
        "μέσος πληθυσμός των πόλεων": {("mean", "μέσος")},
    },
    "fr": {
        "Combien d'habitants a la France ?": {
            ("count", "Combien d'"), ("ask", "Combien d'habitants"),
            ("ask", "Combien d'habitants a"),
        },
        "combien de pays bordent l'Allemagne": {("count", "combien de")},
        "quel est le deuxième plus long fleuve d'Europe": {
            ("ask", "quel est le"), ("ordinal", "deuxième"), ("superlative", "plus long"),
        },
        "pays de plus de deux cents millions d'habitants": {
            ("comparison", "plus de"), ("number", "deux cents millions"),
        },
        "quels pays ne bordent pas l'Italie": {("ask", "quels"), ("negation", "pas")},
        "La Loire traverse-t-elle Paris ou Nantes ?": {("yesno", "t-elle"), ("or", "ou")},
        "où se trouve Lyon": {("ask", "où se trouve")},
        "est-ce que Lyon est plus grande que Nice": {
            ("yesno", "est-ce que"), ("comparison", "plus grande que"),
        },
        "le pays dont la capitale est Lima": {("whose", "dont la")},
        "romans écrits par Zola": {("passive", "par")},
        "population moyenne des villes": {("mean", "moyenne des")},
        "les rivières à la fois longues et profondes": {("both", "à la fois"), ("and", "et")},
        "un fleuve de 100 km de long et 20 m large": {("number", "100 km"), ("number", "100"),
                                                      ("and", "et"), ("number", "20 m"),
                                                      ("number", "20"), ("measure", "large")},
    },
    "ja": {
        "日本の首都はどこですか": {("ask", "どこですか")},
        "テキサス州で最も大きい都市は何ですか": {("superlative", "最も大きい"),
                               ("ask", "何ですか")},
        "アメリカで二番目に長い川はどれですか": {
            ("ordinal", "二番目"), ("superlative", "に長い"), ("ask", "どれですか"),
        },
        "いくつの州がテキサスに隣接していますか": {("count", "いくつの")},
        "フランスはスペインに隣接していますか": {("yesno", "いますか")},
        "人口が二百万人以上の都市": {("number", "二百万"), ("comparison", "以上の")},
        "ドイツに隣接していない国": {("negation", "ていない")},
        "カナダはペルーより大きいですか": {("comparison", "より大きい"), ("yesno", "ですか")},
        "都市の平均人口": {("mean", "平均")},
        "漱石によって書かれた小説": {("passive", "によって")},
    },
    "it": {
        "Quanti stati confinano con il Perù?": {("count", "Quanti")},
        "quanti abitanti ha Lima": {
            ("count", "quanti"), ("ask", "quanti abitanti"), ("ask", "quanti abitanti ha"),
        },
        "qual è il secondo fiume più lungo": {
            ("ask", "qual è il"), ("ordinal", "secondo"), ("superlative", "più lungo"),
            ("comparison", "più lungo"),
        },
        "paesi con più di duecento milioni di abitanti": {
            ("comparison", "più di"), ("number", "duecento milioni"),
        },
        "quali paesi non confinano con la Francia": {("ask", "quali"), ("negation", "non")},
        "È vero che Lima confina con il mare o con un lago?": {("yesno", "È vero che"),
                                                               ("or", "o")},
        "dove si trova Lima": {("ask", "dove si trova")},
        "quanto è alto l'Everest": {("ask", "quanto è alto")},
        "film diretti da Fellini": {("passive", "da")},
        "il paese il cui re è nato a Roma": {("whose", "il cui")},
        "popolazione media delle città": {("mean", "media delle")},
    },
    "pt": {
        "Quantos estados fazem fronteira com o Peru?": {("count", "Quantos")},
        "quantas pessoas vivem em Lima": {
            ("count", "quantas"), ("ask", "quantas pessoas"), ("ask", "quantas pessoas vivem"),
        },
        "qual é o segundo rio mais longo": {
            ("ask", "qual é o"), ("ordinal", "segundo"), ("superlative", "mais longo"),
        },
        "países com mais de duzentos milhões de habitantes": {
            ("comparison", "mais de"), ("number", "duzentos milhões"),
        },
        "quais países não têm rios": {("ask", "quais"), ("negation", "não têm")},
        "É Lima mais alta do que Quito?": {("yesno", "É"), ("comparison", "mais alta do que")},
        "onde fica Lima": {("ask", "onde fica")},
        "livros escritos por Saramago": {("passive", "por")},
        "o país cuja capital é Lima": {("whose", "cuja")},
        "população média das cidades": {("mean", "média das")},
        "Lima não é a capital, ou é?": {("negation", "não é"), ("or", "ou")},
    },
}  # fmt: skip
CASES = [(language, text) for language, table in SPANS.items() for text in table]


@pytest.mark.parametrize(("language", "text"), CASES)
def test_spans_of_a_question(language, text):
    assert {(kind, words) for kind, words, _ in matches(text, language)} == SPANS[language][text]


@pytest.mark.parametrize(("language", "text"), CASES)
def test_the_language_of_a_question(language, text):
    assert LEXICON.language(text) == language


DEGREES = {
    "de": {
        "größte": ("max", "area"), "groesste": ("max", "area"), "grösster": ("max", "area"),
        "am größten": ("max", "area"), "kleinsten": ("min", "area"), "längster": ("max", "length"),
        "kuerzeste": ("min", "length"), "höchstes": ("max", "height"),
        "niedrigste": ("min", "elevation"), "schwerste": ("max", "mass"), "meisten": ("max", None),
        "wenigsten": ("min", None), "bevölkerungsreichste": ("max", "population"),
        "teuerste": ("max", "price"), "neueste": ("max", "founded"),
    },  "zh": {
        "最大": ("max", "area"), "最长的": ("max", "length"), "最小": ("min", "area"),
        "最高": ("max", "height"), "最低": ("min", "elevation"),
        "最少": ("min", None), "最重": ("max", "mass"), "最長": ("max", "length"),
    },   "es": {
        "más grande": ("max", "area"), "el mas grande": ("max", "area"),
        "la más pequeña": ("min", "area"), "más largos": ("max", "length"),
        "más altas": ("max", "height"), "la mayor": ("max", "area"),
        "menos poblado": ("min", "population"), "el menos caro": ("min", "price"),
        "más antigua": ("min", "founded"),
    },  "el": {
        "πιο μεγάλη": ("max", "area"), "πιο μικρό": ("min", "area"), "πιο ψηλό": ("max", "height"),
        "πιο μακρύς": ("max", "length"),
        "πιο πολυπληθής": ("max", "population"), "η καλύτερη": ("max", "rating"),
        "μέγιστη": ("max", "area"), "μεγαλυτερη": ("max", "area"),
        "μεγαλύτερος": ("max", "area"), "μεγαλύτερο": ("max", "area"),
        "χαμηλότερα": ("min", "elevation"), "περισσότερες": ("max", None),
        "λιγότερους": ("min", None),
    },  "fr": {
        "la plus grande": ("max", "area"), "plus petits": ("min", "area"),
        "le plus long": ("max", "length"), "plus élevé": ("max", "height"),
        "le moins peuplé": ("min", "population"), "la plus ancienne": ("min", "founded"),
        "le moins cher": ("min", "price"), "le plus": ("max", None),
        "plus lourde": ("max", "mass"),
    }, "ja": {
        "最も大きい": ("max", "area"), "一番小さい": ("min", "area"), "最長の": ("max", "length"),
        "もっとも高い": ("max", "height"),
        "最も多い": ("max", None), "一番古い": ("min", "founded"),
    },  "it": {
        "la più grande": ("max", "area"), "il più piccolo": ("min", "area"),
        "i più lunghi": ("max", "length"), "la più alta": ("max", "height"),
        "il maggiore": ("max", "area"), "meno popolato": ("min", "population"),
        "le più antiche": ("min", "founded"), "il meno caro": ("min", "price"),
    }, "pt": {
        "a maior": ("max", "area"), "mais pequeno": ("min", "area"),
        "o mais longo": ("max", "length"), "mais altas": ("max", "height"),
        "menos povoado": ("min", "population"), "a mais antiga": ("min", "founded"),
        "o menos caro": ("min", "price"),
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "text"), [(code, text) for code, table in DEGREES.items() for text in table]
)
def test_superlatives_have_an_order_and_hints(language, text):
    order, hint = DEGREES[language][text]
    found = [
        match
        for kind, words, match in matches(text, language)
        if kind == "superlative" and words == text
    ]
    assert [match.order for match in found] == [order]
    assert hint is None or hint == found[0].hints[0]


NUMBERS = {
    "de": {
        "zwei Millionen": 2e6, "1.000.000": 1e6, "3,5": 3.5, "zweihundertfünfzig": 250,
        "einundzwanzig": 21, "fuenfundsiebzig": 75, "eine Million": 1e6,
        "dreitausendvierhundert": 3400, "1,5 Mio": 1.5e6, "zwölf": 12,
    },
    "zh": {
        "两百万": 2e6, "三千二百万": 3.2e7, "1.4亿": 1.4e8, "十五": 15, "二十三": 23,
        "一百零五": 105, "三萬": 30_000,
        "1,000": 1000,
    },
    "es": {
        "dos millones": 2e6, "treinta y cinco mil": 35_000, "1.000.000": 1e6, "3,5": 3.5,
        "mil millones": 1e9, "veintitrés": 23,   "ciento veinte": 120 , "un millón": 1e6
        , "dos millones trescientos mil": 2_300_000, "cien": 100,
    },   "el": {
        "δύο εκατομμύρια": 2e6, "διακόσια πενήντα": 250, "1.000.000": 1e6, "3,5 εκατομμύρια": 3.5e6,
        "είκοσι τρία": 23, "ένα εκατομμύριο": 1e6, "τρεις χιλιάδες": 3000,
    }, "fr": {
        "deux millions": 2e6, "quatre-vingt-dix-sept": 97, "soixante et onze": 71,
        "vingt et un": 21, "1 500 000": 1.5e6, "3,5": 3.5,
        "deux cent mille": 200_000, "un million": 1e6, "mille": 1000,
    },
    "ja": {
        "二百万": 2e6, "1.4億": 1.4e8, "二十三": 23, "百五": 105, "三千二百": 3200, "1,000": 1000,
    },   "it": {
        "due milioni": 2e6, "duecentocinquantamila": 250_000, "ventuno": 21, "trentatré": 33,
        "1.000.000": 1e6, "3,5": 3.5, "un milione": 1e6,
        "mille": 1000,
    },
    "pt": {
        "dois milhões": 2e6, "duzentos e cinquenta mil": 250_000, "1.000.000": 1e6, "3,5": 3.5,
        "vinte e um": 21, "um milhão": 1e6, "mil": 1000,
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "text"), [(code, text) for code, table in NUMBERS.items() for text in table]
)
def test_a_number_is_read(language, text):
    found = [
        match.number
        for kind, words, match in matches(text, language)
        if kind == "number" and words == text
    ]
    assert found == [NUMBERS[language][text]]


PERIODS = {
    "de": {
        "im Jahr 1995": Period("1995", "1995"),
        "am 4. Juli 1776": Period("1776-07-04", "1776-07-04"), "seit 2000": Period("2000", ""),
        "vor 2000": Period("", "1999"), "in den 1990er Jahren": Period("1990", "1999"),
        "zwischen 1990 und 2000": Period("1990", "2000"),
        "im 19. Jahrhundert": Period("1801", "1900"), "von 1990 bis 2000": Period("1990", "2000"),
        "am 04.07.1776": Period("1776-07-04", "1776-07-04"),
    }, "zh": {
        "在1995年": Period("1995", "1995"), "1776年7月4日": Period("1776-07-04", "1776-07-04"),
        "2000年以来": Period("2000", ""),
        "2000年之前": Period("", "1999"), "20世纪90年代": Period("1990", "1999"),
        "从1990年到2000年": Period("1990", "2000"),
        "19世纪": Period("1801", "1900"), "公元前44年": Period("-0043", "-0043"),
    },  "es": {
        "en 1995": Period("1995", "1995"),
        "el 4 de julio de 1776": Period("1776-07-04", "1776-07-04"),
        "desde 2000": Period("2000", ""),
        "antes de 2000": Period("", "1999"), "los años 90": Period("1990", "1999"),
        "entre 1990 y 2000": Period("1990", "2000"),
        "en el siglo XIX": Period("1801", "1900"), "en el año 44 a. C": Period("-0043", "-0043"),
        "de enero de 1999": Period("1999-01-01", "1999-01-31"),
    },  "el": {
        "το 1995": Period("1995", "1995"),
        "στις 4 Ιουλίου 1776": Period("1776-07-04", "1776-07-04"),
        "πριν το 2000": Period("", "1999"),
        "τη δεκαετία του 1990": Period("1990", "1999"), "τον 19ο αιώνα": Period("1801", "1900"),
        "μεταξύ 1990 και 2000": Period("1990", "2000"), "από το 2000": Period("2000", ""),
    }, "fr": {
        "en 1995": Period("1995", "1995"), "le 4 juillet 1776": Period("1776-07-04", "1776-07-04"),
        "depuis 2000": Period("2000", ""),
        "avant 2000": Period("", "1999"), "dans les années 90": Period("1990", "1999"),
        "au XIXe siècle": Period("1801", "1900"),
        "entre 1990 et 2000": Period("1990", "2000"), "jusqu'en 2000": Period("", "2000"),
        "le 1er janvier 2000": Period("2000-01-01", "2000-01-01"),
    }, "ja": {
        "1995年に": Period("1995", "1995"), "1776年7月4日": Period("1776-07-04", "1776-07-04"),
        "2000年以降": Period("2000", ""),
        "2000年より前": Period("", "1999"), "1990年代": Period("1990", "1999"),
        "1990年から2000年まで": Period("1990", "2000"),
        "19世紀": Period("1801", "1900"),
    },
    "it": {
        "nel 1995": Period("1995", "1995"), "il 4 luglio 1776": Period("1776-07-04", "1776-07-04"),
        "dal 2000": Period("2000", ""),
        "prima del 2000": Period("", "1999"), "negli anni 90": Period("1990", "1999"),
        "nel XIX secolo": Period("1801", "1900"),
        "tra il 1990 e il 2000": Period("1990", "2000"), "dal 1990 al 2000": Period("1990", "2000"),
    },
    "pt": {
        "em 1995": Period("1995", "1995"),
        "a 4 de julho de 1776": Period("1776-07-04", "1776-07-04"),
        "desde 2000": Period("2000", ""),
        "antes de 2000": Period("", "1999"), "nos anos 90": Period("1990", "1999"),
        "no século XIX": Period("1801", "1900"),
        "entre 1990 e 2000": Period("1990", "2000"),
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "text"), [(code, text) for code, table in PERIODS.items() for text in table]
)
def test_the_longest_time_is_the_period(language, text):
    kind, words, match = matches(text, language)[0]
    assert (kind, words, match.period) == ("time", text, PERIODS[language][text])
