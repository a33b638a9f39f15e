"""Composed questions on counts, superlatives, ordinals and comparisons, answered in Python."""

from __future__ import annotations

from datetime import date

from composed_facts import best, in_continent, moons

COUNT = {
    "How many moons orbit Saturn?": lambda f: len(
        f.heads("orbits", "Saturn_(planet)") & f.types["moon"]
    ),
    "How many spacecraft orbit Jupiter?": lambda f: len(
        f.heads("orbits", "Jupiter_(planet)") & f.types["spacecraft"]
    ),
    "How many countries border Germany?": lambda f: len(f.borders("Germany") & f.types["country"]),
    "How many official languages does South Africa have?": lambda f: len(
        f.tails("South_Africa", "official language")
    ),
    "How many countries use the East Caribbean dollar?": lambda f: len(
        f.heads("currency", "East_Caribbean_dollar") & f.types["country"]
    ),
    "How many countries are members of the Organization of American States?": lambda f: len(
        f.heads("member of", "Organization_of_American_States") & f.types["country"]
    ),
    "How many elements did Glenn Seaborg discover?": lambda f: len(
        f.heads("discovered by", "Glenn_Seaborg")
    ),
    "How many films did Ridley Scott direct?": lambda f: len(f.heads("director", "Ridley_Scott")),
    "How many rivers flow into the North Sea?": lambda f: len(f.heads("flows into", "North_Sea")),
    "What is the number of rivers that flow into the Mississippi River?": lambda f: len(
        f.heads("flows into", "Mississippi_River")
    ),
    "How many countries does the Danube flow through?": lambda f: len(
        f.tails("Danube", "flows through") & f.types["country"]
    ),
    "How many people founded Microsoft?": lambda f: len(f.tails("Microsoft", "founded by")),
    "How many bands play progressive rock?": lambda f: len(
        f.heads("genre", "Progressive_rock") & f.types["band"]
    ),
    "How many occupations does Benjamin Franklin have?": lambda f: len(
        f.tails("Benjamin_Franklin", "occupation")
    ),
    "How many spacecraft did NASA develop?": lambda f: len(
        f.heads("developer", "NASA") & f.types["spacecraft"]
    ),
    "How many countries in South America border Brazil?": lambda f: len(
        f.borders("Brazil") & f.types["country"] & f.heads("continent", "South_America")
    ),
    "How many children does Zeus have?": lambda f: len(f.heads("parent", "Zeus")),
    "How many rivers are longer than 3,000 km?": lambda f: len(
        f.where("length", lambda km: km > 3000)
    ),
    "How many organizations is France a member of?": lambda f: len(f.tails("France", "member of")),
}
SUPERLATIVE = {
    "What is the longest river?": lambda f: f.best("length", f.types["river"]),
    "What is the highest mountain?": lambda f: f.best("elevation", f.types["mountain"]),
    "Which country in Africa has the largest area?": lambda f: f.best(
        "area", in_continent(f, "Africa")
    ),
    "Which country in Europe has the smallest population?": lambda f: f.best(
        "population", in_continent(f, "Europe"), largest=False
    ),
    "What is the largest planet?": lambda f: f.best("diameter", f.types["planet"]),
    "What is the largest moon of Saturn?": lambda f: f.best(
        "diameter", moons(f, "Saturn_(planet)")
    ),
    "Which is the smallest moon of Mars?": lambda f: f.best(
        "diameter", moons(f, "Mars_(planet)"), largest=False
    ),
    "Which company in the automotive industry is the oldest?": lambda f: f.best(
        "year founded",
        f.heads("industry", "Automotive_industry") & f.types["company"],
        largest=False,
    ),
    "What is the newest film that Steven Spielberg directed?": lambda f: f.best(
        "release year", f.heads("director", "Steven_Spielberg")
    ),
    "Which of the rivers that flow into the North Sea is the longest?": lambda f: f.best(
        "length", f.heads("flows into", "North_Sea")
    ),
    "Which element discovered by Glenn Seaborg has the highest atomic number?": lambda f: f.best(
        "atomic number", f.heads("discovered by", "Glenn_Seaborg")
    ),
    "Which film director was born last?": lambda f: f.best(
        "date of birth", f.heads("occupation", "Film_director")
    ),
    "What is the largest lake?": lambda f: f.best("area", f.types["lake"]),
    "Which country that borders Brazil has the most inhabitants?": lambda f: f.best(
        "population", f.borders("Brazil") & f.types["country"]
    ),
    "Which country borders the most countries?": lambda f: best(
        {key: len(f.borders(key) & f.types["country"]) for key in f.types["country"]}
    ),
    "Which planet has the most moons?": lambda f: best(
        {key: len(moons(f, key)) for key in f.types["planet"]}
    ),
    "Who discovered the most chemical elements?": lambda f: best(
        {
            key: len(f.heads("discovered by", key) & f.types["chemical element"])
            for key in f.backward["discovered by"]
        }
    ),
    "Which river flows through the most countries?": lambda f: best(
        {key: len(f.tails(key, "flows through") & f.types["country"]) for key in f.types["river"]}
    ),
    "Which country has the most official languages?": lambda f: best(
        {key: len(f.tails(key, "official language")) for key in f.types["country"]}
    ),
    "After whom are the most things named?": lambda f: best(
        {key: len(f.heads("named after", key)) for key in f.types["person"]}
    ),
}
ORDINAL = {
    "What is the second longest river?": lambda f: f.best("length", f.types["river"], rank=2),
    "What is the third largest country by area?": lambda f: f.best(
        "area", f.types["country"], rank=3
    ),
    "Which country has the second largest population?": lambda f: f.best(
        "population", f.types["country"], rank=2
    ),
    "What is the second largest planet?": lambda f: f.best("diameter", f.types["planet"], rank=2),
    "What is the second largest moon of Jupiter?": lambda f: f.best(
        "diameter", moons(f, "Jupiter_(planet)"), rank=2
    ),
    "Which mountain is the third highest?": lambda f: f.best(
        "elevation", f.types["mountain"], rank=3
    ),
    "Which company is the second oldest?": lambda f: f.best(
        "year founded", f.types["company"], largest=False, rank=2
    ),
    "Which element has the second highest atomic number?": lambda f: f.best(
        "atomic number", rank=2
    ),
    "What is the third longest river that flows into the Atlantic Ocean?": lambda f: f.best(
        "length", f.heads("flows into", "Atlantic_Ocean") & f.types["river"], rank=3
    ),
    "What is the second smallest country in Europe by area?": lambda f: f.best(
        "area", in_continent(f, "Europe"), largest=False, rank=2
    ),
}
COMPARISON = {
    "Which rivers are longer than 4000 km?": lambda f: f.where("length", lambda km: km > 4000),
    "Which mountains are higher than 4,000 m?": lambda f: f.where("elevation", lambda m: m > 4000),
    "Which films were released before 1960?": lambda f: f.where(
        "release year", lambda year: year < 1960
    ),
    "Which films were released after 2015?": lambda f: f.where(
        "release year", lambda year: year > 2015
    ),
    "Which films were released between 1990 and 1995?": lambda f: f.where(
        "release year", lambda year: 1990 <= year <= 1995
    ),
    "Which companies were founded before 1900?": lambda f: f.where(
        "year founded", lambda year: year < 1900
    ),
    "Which countries have more than 200 million inhabitants?": lambda f: f.where(
        "population", lambda people: people > 200e6
    ),
    "Which countries have an area of less than 100 km²?": lambda f: f.where(
        "area", lambda area: area < 100, f.types["country"]
    ),
    "Which elements have an atomic number greater than 105?": lambda f: f.where(
        "atomic number", lambda number: number > 105
    ),
    "Who was born after 1985?": lambda f: f.where(
        "date of birth", lambda day: day > date(1985, 12, 31).toordinal()
    ),
    "Which countries border more than ten countries?": lambda f: {
        key for key in f.types["country"] if len(f.borders(key) & f.types["country"]) > 10
    },
    "Which countries have more than three official languages?": lambda f: {
        key for key in f.types["country"] if len(f.tails(key, "official language")) > 3
    },
    "Who has at least three occupations?": lambda f: {
        key for key in f.types["person"] if len(f.tails(key, "occupation")) >= 3
    },
    "Which moons have a diameter of less than 500 km?": lambda f: f.where(
        "diameter", lambda km: km < 500, f.types["moon"]
    ),
    "Which lakes are larger than 20,000 km²?": lambda f: f.where(
        "area", lambda area: area > 20000, f.types["lake"]
    ),
    "Which planets are smaller than Earth?": lambda f: f.where(
        "diameter", lambda km: km < f.number("Earth", "diameter"), f.types["planet"]
    ),
    "Which river is longer, the Rhine or the Volga?": lambda f: f.best(
        "length", {"Rhine", "Volga"}
    ),
    "Which was founded first, Adidas or Puma?": lambda f: f.best(
        "year founded", {"Adidas", "Puma_(company)"}, largest=False
    ),
    "Which countries have more inhabitants than the United States?": lambda f: f.where(
        "population", lambda people: people > f.number("United_States", "population")
    ),
    "Which rivers have a length of at most 120 km?": lambda f: f.where(
        "length", lambda km: km <= 120
    ),
}
