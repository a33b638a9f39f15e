"""Words of questions and the nouns of relations, compared by hand for each language."""

import tomllib
from importlib import resources
from time import perf_counter

import pytest

from kg.naming.folding import fold
from kptm.answering.lexicon import synonyms
from kptm.answering.lexicon.synonyms import expand, expand_question, languages, lemmas, translate
from kptm.answering.lexicon.word_tables import pieces, read_table
from kptm.errors import ConfigError

FOLDER = resources.files("kptm.answering.lexicon").joinpath("words")
ENGLISH = {
    "birth": "born", "place of birth": "born birthplace", "death": "died dead killed",
    "cause of death": "die killed", "spouse": "married wife wives husband",
    "children": "kid kids daughter sons", "language": "speak spoke spoken speaks",
    "parents": "mother mom father dads", "currency": "money pay paid",
    "population": "lived lives inhabitants citizens people", "places lived": "live lives",
    "author": "wrote written write writing by", "singer": "sing sang sung", "director": "directed",
    "position": "plays played", "cast": "star starring actress act played",
    "manufacturer": "produces made make", "founder": "founded found founders started",
    "owner": "own owned owns", "leader": "leads led leaders boss head",
    "chief executive officer": "ceo boss", "flows through": "flows crosses",
    "borders": "bordering neighbors neighbours adjacent", "area": "big largest size large",
    "height": "tall tallest high highest", "elevation": "high highest", "length": "long longest",
    "distance": "far", "age": "old oldest older", "date of birth": "born old birthday",
    "weight": "weigh weighed heaviest", "mass": "heavy", "price": "cost costs expensive",
    "occupation": "work job professions", "education": "studied school college",
    "religion": "believe faith religious", "genre": "kind sort", "nationality": "from",
    "location": "where located situated", "headquarters": "based headquartered",
    "award": "won prizes wins", "inventor": "invented inventors", "symbol": "abbreviation",
    "discoverer": "discovered discovery found", "depends": "needs requires depended",
    "maintainer": "maintains maintained", "color": "colour colours", "melting point": "melts",
    "boiling point": "boils", "licence": "license", "license": "licence",
    "country": "nation countries", "city": "town cities town villages", "river": "streams",
    "film": "movies", "person": "woman men",
    "supplier": "supply supplied bought", "shelf life": "keep keeps kept",
    "hourly rate": "earn paid",
    "allergens": "contains allergic", "assignee": "handles tackled", "tenant": "rents occupied",
}  # fmt: skip

OTHERS = {
    "de": {
        "capital": "Hauptstadt Hauptstädte HAUPTSTADT",
        "population": "Einwohner Einwohnern Bevölkerung Bevoelkerung Einwohnerzahl",
        "area": "Fläche Flaeche flache größte groesste groß",
        "borders": "grenzt grenzen grenzte angrenzenden Nachbarn Nachbarländer",
        "currency": "Währung Geld bezahlt", "language": "Sprache Sprachen spricht gesprochen",
        "river": "Fluss Flüsse Fluesse Flüssen", "state": "Staat Bundesstaat Bundesstaaten Staaten",
        "country": "Land Länder Ländern", "city": "Stadt Städte Städten", "mountain": "Berg Berge",
        "lake": "See Seen", "length": "Länge lang längste", "elevation": "Höhe hoch höchste",
        "melting point": "Schmelzpunkt schmilzt", "place of birth": "geboren Geburtsort",
        "death": "gestorben starb Tod", "spouse": "verheiratet heiratete Ehefrau Frau",
        "author": "Autor Autorin schrieb geschrieben", "director": "Regisseur Regie",
        "founder": "gründete gegründet Gründer", "flows through": "fließt fließen durchquert",
        "depends": "abhängt benötigt",
    },  "el": {
        "capital": "πρωτεύουσα ΠΡΩΤΕΥΟΥΣΑ πρωτευουσας",
        "population": "πληθυσμός πληθυσμού κάτοικοι κατοίκους κατοίκων",
        "area": "έκταση εμβαδόν μεγαλύτερη μεγάλες",
        "borders": "συνορεύει συνορεύουν σύνορα γειτονικές γείτονες",
        "currency": "νόμισμα νομίσματα", "language": "γλώσσα γλώσσες μιλούν",
        "river": "ποτάμι ποτάμια ποταμός ποταμού ποταμοί",
        "state": "πολιτεία πολιτείες πολιτειών", "country": "χώρα χώρες χωρών",
        "city": "πόλη πόλεις πόλεων", "lake": "λίμνη λίμνες",
        "mountain": "βουνό βουνά", "length": "μήκος μακρύτερο", "height": "ύψος ψηλότερο",
        "density": "πυκνότητα",
        "place of birth": "γεννήθηκε", "death": "πέθανε", "spouse": "σύζυγος παντρεμένη",
        "author": "συγγραφέας έγραψε",
        "director": "σκηνοθέτης σκηνοθέτησε", "flows through": "ρέει διαρρέει διασχίζουν",
        "founder": "ίδρυσε ιδρυτής",
    },   "es": {
        "capital": "capital capitales", "population": "población poblacion habitantes pobladas",
        "area": "superficie área grande",
        "borders": "limitan limita frontera fronteras vecinos colindan",
        "currency": "moneda dinero", "language": "idioma idiomas hablan",
        "river": "río ríos rio", "state": "estado estados", "country": "país países pais",
        "city": "ciudad ciudades", "lake": "lago lagos",
        "mountain": "montaña montañas", "length": "longitud largo larga",
        "height": "altura alto alta altos", "density": "densidad",
        "place of birth": "nació nacida nacieron nacimiento",
        "death": "murió muerte muerta falleció", "spouse": "esposa casado casada",
        "author": "escribió autor escritora escrito", "director": "dirigió dirigida director",
        "founder": "fundó fundada fundador",
        "flows through": "atraviesa cruzan recorre fluye", "melting point": "funde",
        "children": "hijos hija", "depends": "depende",
    },  "fr": {
        "capital": "capitale capitales",
        "population": "habitants population peuplée peuplées d'habitants",
        "area": "superficie grande",
        "borders": "frontière frontières voisins limitrophes voisine",
        "currency": "monnaie monnaies", "language": "langue langues parle parlent",
        "river": "fleuve fleuves rivière rivières", "state": "état états Etats", "country": "pays",
        "city": "ville villes", "lake": "lac lacs",
        "mountain": "montagne montagnes", "length": "longueur long longue",
        "height": "hauteur haut hautes", "place of birth": "née naquit naissance",
        "death": "mort morte décédé mourut", "spouse": "mariée épouse épousa",
        "author": "auteur l'auteur écrit écrivit",
        "director": "réalisateur réalisatrice réalisé", "founder": "fondé fondateur fondée",
        "flows through": "traverse traversent coule",
        "melting point": "fond", "children": "fils filles enfants", "depends": "dépend",
    },  "it": {
        "capital": "capitale capitali", "population": "abitanti popolazione popolosa",
        "area": "superficie grande grandi",
        "borders": "confina confinano vicini confini confinanti", "currency": "moneta monete",
        "language": "lingua lingue parlano parla",
        "river": "fiume fiumi", "state": "stato stati", "country": "paese paesi nazioni",
        "city": "città citta", "lake": "lago laghi",
        "mountain": "montagna montagne", "length": "lunghezza lungo lunghi lunga",
        "height": "altezza alto alta alte",
        "place of birth": "nato nata nacque", "death": "morto morte morì",
        "spouse": "sposato moglie marito", "author": "autore scrisse scritto dell'autore",
        "director": "regista diretto diresse", "founder": "fondò fondata fondatore",
        "flows through": "attraversa scorrono", "children": "figli figlia",
        "melting point": "fonde", "depends": "dipende",
    },  "pt": {
        "capital": "capital capitais", "population": "população habitantes populosas populoso",
        "area": "área superfície maior grandes",
        "borders": "fronteira fronteiras vizinhos vizinha", "currency": "moeda moedas",
        "language": "língua línguas falam fala idiomas",
        "river": "rio rios", "state": "estado estados", "country": "país países paises",
        "city": "cidade cidades", "lake": "lago lagos",
        "mountain": "montanha montanhas", "region": "região regiões",
        "length": "comprimento longo longos", "height": "altura alto alta",
        "place of birth": "nasceu nascida nascimento", "death": "morreu morta morte",
        "spouse": "esposa casado casou", "children": "filhos filha",
        "author": "autor autora escreveu escrito", "director": "diretor diretora dirigiu dirigido",
        "founder": "fundou fundada fundador",
        "flows through": "atravessa atravessam passa", "melting point": "funde",
        "depends": "depende",
    },  "ja": {
        "capital": "首都 州都", "population": "人口 住民", "area": "面積 広さ 大きい",
        "borders": "国境 隣接 接して",
        "currency": "通貨",
        "language": "言語 言葉", "official language": "公用語", "river": "川", "state": "州",
        "country": "国",
        "city": "都市 市", "lake": "湖",
        "mountain": "山", "length": "長さ 長い", "height": "高さ 標高 高い",
        "place of birth": "生まれ 出身地",
        "death": "亡くな", "spouse": "妻 夫 結婚",
        "author": "作者 著者 書いた", "director": "監督", "founder": "設立 創業者",
        "flows through": "流れ",
        "melting point": "融点", "film": "映画",
    }, "zh": {
        "capital": "首都 首府", "population": "人口 居民", "area": "面积 面積",
        "borders": "接壤 相邻 相鄰 邻国",
        "currency": "货币 貨幣",
        "language": "语言 語言", "river": "河流 河", "state": "州", "country": "国家 國家",
        "city": "城市",
        "mountain": "山", "lake": "湖 湖泊",
        "length": "长度 長度", "height": "高度 高", "flows through": "流经 流經",
        "place of birth": "出生",
        "death": "去世", "spouse": "妻子 丈夫",
        "author": "作者 写 寫", "director": "导演 導演", "founder": "创立 創立 创始人",
        "melting point": "熔点 熔點",
        "official language": "官方语言",
    },
}  # fmt: skip


def nouns(word, language):
    return [noun for noun, _ in expand(word, language)]


def phrases(question, language="en"):
    """The first noun of each phrase in a question, by the phrase."""
    words = question.split() if " " in question else list(question)
    space = " " if " " in question else ""
    found = expand_question(words, language)
    return {space.join(words[start:end]): items[0][0] for start, end, items in found}


@pytest.mark.parametrize("noun", sorted(ENGLISH))
def test_words_of_english_questions_find_the_noun(noun):
    for word in ENGLISH[noun].split():
        assert noun == word or noun in nouns(word, "en"), word
        assert nouns(word.title(), "en") == nouns(word, "en")


@pytest.mark.parametrize(
    ("language", "noun"), [(language, noun) for language in OTHERS for noun in OTHERS[language]]
)
def test_words_of_other_languages_find_the_noun(language, noun):
    for word in OTHERS[language][noun].split():
        assert noun in nouns(word, language), word
        assert noun in nouns(word.upper(), language), word


@pytest.mark.parametrize(
    ("question", "phrase", "noun"),
    [
        ("what does NASA stand for", "stand for", "meaning"),
        ("what is a saxophone made of", "made of", "material"),
        ("where do tomatoes come from", "come from", "nationality"),
        ("where did her family come from", "come from", "nationality"),
        ("what does the flag of Peru look like", "look like", "image"),
        ("which states does it run through", "run through", "flows through"),
        ("what counties are next to Kent", "next to", "borders"),
        ("what does he do for a living", "do for a living", "occupation"),
        ("who was the prime minister of Japan", "prime minister", "prime minister"),
        ("what time zone is Lima in", "time zone", "time zones"),
        ("what kinds of music does she like", "kinds of music", "genre"),
        ("which rivers flowed into the Elbe", "flowed into", "mouth"),
    ],
)
def test_phrases_of_english_questions(question, phrase, noun):
    found = phrases(question)
    assert phrase in found
    assert noun in nouns(phrase, "en") or noun == phrase


@pytest.mark.parametrize(
    ("language", "question", "expected"),
    [
        ("zh", "美國最大的城市人口是多少", {"大": "area", "城市": "city", "人口": "population"}),
        ("zh", "流经最多州的河流", {"流经": "flow through", "州": "state", "河流": "river"}),
        ("zh", "法国的货币", {"货币": "currency"}),
        ("ja", "スペインの都市の人口は", {"都市": "city", "人口": "population"}),
        ("ja", "日本の面積", {"面積": "area"}),
        (
            "fr",
            "la ville d'où vient l'auteur",
            {"ville": "city", "vient": "nationality", "l'auteur": "author"},
        ),
        ("it", "dov'è nato l'autore", {"nato": "born", "l'autore": "author"}),
        (
            "pt",
            "países que fazem fronteira",
            {
                "países": "country",
                "fazem fronteira": "border",
                "fazem": "manufacturer",
                "fronteira": "border",
            },
        ),
        ("de", "durch welche Staaten fließt er", {"Staaten": "state", "fließt": "flow through"}),
        ("es", "cuál es el punto más alto", {"punto más alto": "highest point", "alto": "height"}),
        ("el", "ποια πόλη είναι η πρωτεύουσα", {"πόλη": "city", "πρωτεύουσα": "capital"}),
    ],
)
def test_phrases_of_other_languages(language, question, expected):
    assert phrases(question, language) == expected


def test_chinese_words_may_be_whole_or_single_characters():
    both = [(2, 4, expand("官方语言", "zh")), (3, 4, expand("语言", "zh"))]
    assert expand_question(["法国", "的", "官方", "语言"], "zh") == both
    assert expand_question(["人口"], "zh") == [(0, 1, expand("人口", "zh"))]


def test_longer_phrases_come_before_shorter_ones():
    found = [(start, end) for start, end, _ in expand_question("who runs through it".split(), "en")]
    assert found == [(1, 3), (1, 2)]


def test_weights_are_between_0_and_1_and_decrease():
    assert expand("live", "en")[0] == ("residence", 1.0)
    assert dict(expand("live", "en"))["population"] == 0.6
    for language in languages():
        for items in synonyms._table(language).words.entries.values():
            weights = [weight for _, weight in items]
            assert weights == sorted(weights, reverse=True)
            assert 0 < weights[-1] <= weights[0] <= 1


@pytest.mark.parametrize(
    ("form", "base"),
    {
        "wrote": "write", "written": "write", "spoke": "speak", "spoken": "speak",
        "children": "child", "countries": "country",
        "cities": "city", "people": "person", "men": "man", "women": "woman", "lives": "live",
        "wives": "wife", "sang": "sing",
        "won": "win", "led": "lead", "built": "build", "paid": "pay", "made": "make", "said": "say",
        "species": "species",
        "founded": "found", "running": "run", "biggest": "big", "larger": "large",
        "heaviest": "heavy", "borders": "border",
        "married": "marry", "studies": "study", "died": "die", "flows": "flow", "used": "use",
        "churches": "church",
        "directing": "direct", "producing": "produce", "tallest": "tall",
    }.items(),
)  # fmt: skip
def test_lemmas(form, base):
    assert base in lemmas(form)
    assert base in lemmas(form.upper())


def test_short_and_uninflected_words_have_no_lemma():
    assert lemmas("us") == ()
    assert lemmas("river") == ("riv", "rive")
    assert lemmas("東京") == ()


@pytest.mark.parametrize("language", ["en", "fi", "", "xx-YY"])
def test_unknown_words_and_languages_have_no_nouns(language):
    assert expand("qwertz", language) == ()
    assert expand("", language) == ()
    assert expand_question(["qwertz", ""], language) == []
    assert expand_question([], language) == []
    assert translate("Qwertz", language) is None


def test_a_region_of_a_language_is_that_language():
    assert expand("colour", "en-GB") == expand("colour", "en_US") == expand("colour", "EN") != ()


@pytest.mark.parametrize("language", languages())
def test_each_file_is_complete(language):
    """Each file has no empty entry, no phrase twice, and only nouns in lower case."""
    text = FOLDER.joinpath(f"{language}.toml").read_text(encoding="utf-8")
    assert text.startswith("# "), "the first lines say what the file is"
    table = read_table(text, language)
    assert table.words.entries
    assert table.names.entries
    for key in (*table.words.entries, *table.names.entries):
        assert key
        assert all(part and part == fold(part) and " " not in part for part in key)
        assert pieces(" ".join(key)) == key
    sections = tomllib.loads(text)
    for line, values in sections["words"].items():
        assert line.strip() == line
        for noun in values:
            assert noun.isascii()
            assert noun == " ".join(noun.lower().split())
    for name in table.names.entries.values():
        assert name == name.strip() != ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[words]\n"a, b" = ["x"]\n"b" = ["y"]', "x.toml: 'b' stands in 'a, b' and in 'b'"),
        ('[words]\n"a, É" = ["x"]\n"e" = ["y"]', "stands in"),
        ('[words]\n"a" = []', "empty"),
        ('[words]\n"a, " = ["x"]', "empty"),
        ('[words]\n"a" = ["x", "x .3"]', "twice"),
        ('[words]\n"a" = [" "]', "is none"),
        ('[words]\n"(a" = ["x"]', "bracket"),
        ('[names]\n"a" = ""', "empty"),
        ("[word]", "unknown section 'word'"),
        ("words", "x.toml: "),
    ],
)
def test_a_mistake_in_a_file_is_reported(text, message):
    with pytest.raises(ConfigError) as error:
        read_table(text, "x.toml")
    assert message in str(error.value)


def test_a_table_is_read_in_its_own_notation():
    table = read_table(
        'endings = ["en", "t>en"]\n[spelling]\nae = "a"\n[irregular]\nsprechen = "spricht"\n'
        '[words]\n"angrenzen, gr(ö|e)ßte" = ["one", "two .25", "three", "four .95"]\n"sprechen mit"'
        ' = ["five"]\n[names]\n"Dänemark" = "Denmark"',
        "x.toml",
    )
    one = (("one", 1.0), ("four", 0.95), ("three", 0.8), ("two", 0.25))
    for word in ("ANGRENZT", "angrenzen", "grösste", "Gresste"):
        assert table.words.find(pieces(word)) == one
    assert table.words.find(pieces("Spricht mit")) == (("five", 1.0),)
    assert table.words.find(pieces("spricht")) is None
    assert table.names.find(pieces("daenemark")) == "Denmark"


def test_nouns_of_other_languages_are_expanded_by_the_english_table():
    """The weights of nouns, computed by hand.

    "Fläche" is "area", for which en.toml has "size" with .9. A weight is multiplied by that of the
    noun through which it is reached, and the larger weight counts.
    """
    assert dict(expand("Fläche", "de"))["size"] == dict(expand("area", "en"))["size"] == 0.9
    english = read_table('[words]\n"big" = ["area", "size .6", "large .2"]', "en.toml")
    table = read_table('[words]\n"groß" = ["big", "large .5"]', "de.toml", english)
    assert table.words.find(("gross",)) == (
        ("big", 1.0),
        ("area", 1.0),
        ("size", 0.6),
        ("large", 0.5),
    )


NAMES = {
    "de": {"Deutschlands": "Germany", "Vereinigte Staaten": "United States", "usa": "United States",
           "Daenemark": "Denmark",
           "Saudi-Arabien": "Saudi Arabia", "französische": "French", "die Schweiz": "Switzerland",
           "München": "Munich", "Südamerika": "South America"},
    "el": {"Ελλάδας": "Greece", "ΓΑΛΛΙΑ": "France", "Ηνωμένων Πολιτειών": "United States",
           "Τέξας": "Texas",
           "γερμανική": "German", "ΗΠΑ": "United States", "Ευρώπης": "Europe"},
    "es": {"EE.UU.": "United States", "Estados Unidos": "United States", "Japón": "Japan",
           "japon": "Japan", "alemanas": "German",
           "Nueva York": "New York", "Países Bajos": "Netherlands",
           "América del Sur": "South America"},
    "fr": {"États-Unis": "United States", "etats unis": "United States", "Allemagne": "Germany",
           "japonaise": "Japanese",   "Afrique du Sud": "South Africa", "Londres": "London"},
    "it": {"Stati Uniti": "United States", "Germania": "Germany", "tedesca": "German",
           "Giappone": "Japan", "Milano": "Milan"},
    "pt": {"EUA": "United States", "Estados Unidos": "United States", "Japão": "Japan",
           "alemães": "German", "japonesa": "Japanese",
           "Nova Iorque": "New York", "África do Sul": "South Africa"},
    "ja": {"アメリカ": "United States", "ｱﾒﾘｶ": "United States", "フランス": "France",
           "ドイツ語": "German",
           "日 本": "Japan", "ヨーロッパ": "Europe", "テキサス州": "Texas"},
    "zh": {"美国": "United States", "美國": "United States", "法 国": "France", "德语": "German",
           "亞洲": "Asia", "日本": "Japan", "紐約": "New York"},
}  # fmt: skip


FUNCTION_WORDS = {
    "en": "a the of in on at to for with is are was does did has what which who whose when how"
          " many much not more than most least each",
    "de": "der die das ein eine ist sind war waren wird wurde hat welche welcher wer was wann wie"
          " viele und oder nicht mit von in im an auf",
    "el": "ο η το οι τα του της των τον είναι ήταν έχει ποιος ποια ποιο τι πότε πόσο πόσες πού που"
          " στην με από για και δεν",
    "es": "el la los las un una es son qué cuál cuántos cuántas cuándo quién por para de del en"
          " con y o no más se su tiene",
    "fr": "le la les un une des du de est sont a ont qui que quel quelles quand combien dans et ou"
          " ne pas plus il elle",
    "it": "il lo la i gli le un una è sono ha chi che quale quali quando quanti di del della in"
          " con e o non più ma da",
    "pt": "o a os as um uma do da dos das em no na é são foi tem que qual quais quem quando"
          " quantos de com e ou não mais para por",
}  # fmt: skip


@pytest.mark.parametrize("language", FUNCTION_WORDS)
def test_function_words_have_no_nouns(language):
    for word in FUNCTION_WORDS[language].split():
        assert expand(word, language) == (), word


@pytest.mark.parametrize(
    ("language", "name"), [(language, name) for language in NAMES for name in NAMES[language]]
)
def test_names_of_other_languages(language, name):
    assert translate(name, language) == NAMES[language][name]
    assert translate(name.lower(), language) == NAMES[language][name]


def test_names_in_english():
    assert translate("U.S.A.", "en") == translate("usa", "en") == "United States"
    assert translate("us", "en") is None


def test_a_question_takes_well_under_a_millisecond():
    words = (
        "which of the rivers that flow through the largest state that borders Texas is the longest"
    ).split()
    expand_question(words, "en")
    begun = perf_counter()
    for _ in range(100):
        expand_question(words, "en")
    assert (perf_counter() - begun) / 100 < 0.005
