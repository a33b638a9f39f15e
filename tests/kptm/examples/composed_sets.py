"""Composed questions on sets, on yes or no, on values, and questions without an answer."""

from __future__ import annotations

from datetime import date

from composed_facts import in_continent, moons, only

NEGATION = {
    "Which moons of Uranus did William Herschel not discover?": lambda f: (
        moons(f, "Uranus_(planet)") - f.heads("discovered by", "William_Herschel")
    ),
    "Which planets have no moon?": lambda f: {
        key for key in f.types["planet"] if not moons(f, key)
    },
    "Which moons of Saturn were not discovered by Giovanni Domenico Cassini?": lambda f: (
        moons(f, "Saturn_(planet)") - f.heads("discovered by", "Giovanni_Domenico_Cassini")
    ),
    "What is made of copper but not of tin?": lambda f: (
        f.heads("made of", "Copper") - f.heads("made of", "Tin")
    ),
    "Which films with Tom Hanks were not directed by Ron Howard?": lambda f: (
        (f.heads("performer", "Tom_Hanks") & f.types["film"]) - f.heads("director", "Ron_Howard")
    ),
    "Who founded Microsoft besides Bill Gates?": lambda f: (
        f.tails("Microsoft", "founded by") - {"Bill_Gates"}
    ),
    "Which elements that Marie Curie discovered are not named after a country?": lambda f: (
        f.heads("discovered by", "Marie_Curie") - f.heads("named after", f.types["country"])
    ),
    "Which children of Zeus are not children of Leto?": lambda f: (
        f.heads("parent", "Zeus") - f.heads("parent", "Leto")
    ),
    "Which countries are members of the G20 but not of NATO?": lambda f: (
        (f.heads("member of", "G20") & f.types["country"]) - f.heads("member of", "NATO")
    ),
    "Which countries use the United States dollar and are not in North America?": lambda f: (
        (f.heads("currency", "United_States_dollar") & f.types["country"])
        - f.heads("continent", "North_America")
    ),
    "Who works in the field of electromagnetism and is not a physicist?": lambda f: (
        f.heads("field of work", "Electromagnetism") - f.heads("occupation", "Physicist")
    ),
    "Which films that Steven Spielberg or James Cameron directed were not released after"
    " 2000?": lambda f: f.where(
        "release year",
        lambda year: year <= 2000,
        f.heads("director", {"Steven_Spielberg", "James_Cameron"}),
    ),
}
CONDITIONS = {
    "Which countries border both France and Germany?": lambda f: (
        f.borders("France", "Germany") & f.types["country"]
    ),
    "Which countries in South America use the United States dollar?": lambda f: (
        in_continent(f, "South_America") & f.heads("currency", "United_States_dollar")
    ),
    "Which science fiction films did Ridley Scott direct?": lambda f: (
        f.heads("director", "Ridley_Scott") & f.heads("genre", "Science_fiction")
    ),
    "Which films did John Lasseter direct and Pixar develop?": lambda f: (
        f.heads("director", "John_Lasseter") & f.heads("developer", "Pixar")
    ),
    "Who is both a physicist and a mathematician?": lambda f: (
        f.heads("occupation", "Physicist") & f.heads("occupation", "Mathematician")
    ),
    "Which physicists are citizens of the United Kingdom?": lambda f: (
        f.heads("occupation", "Physicist") & f.heads("citizen of", "United_Kingdom")
    ),
    "Which sportswear companies have their headquarters in Herzogenaurach?": lambda f: (
        f.heads("industry", "Sportswear") & f.heads("headquarters", "Herzogenaurach")
    ),
    "Which countries in Asia have more than 150 million inhabitants?": lambda f: f.where(
        "population", lambda people: people > 150e6, in_continent(f, "Asia")
    ),
    "Which rivers longer than 2000 km flow into the Atlantic Ocean?": lambda f: f.where(
        "length", lambda km: km > 2000, f.heads("flows into", "Atlantic_Ocean")
    ),
    "Which science fiction films were released after 2000?": lambda f: f.where(
        "release year", lambda year: year > 2000, f.heads("genre", "Science_fiction")
    ),
    "Which chemical elements are named after a planet?": lambda f: (
        f.heads("named after", f.types["planet"]) & f.types["chemical element"]
    ),
    "Which moons of Jupiter with a diameter of more than 4,000 km did Galileo Galilei"
    " discover?": lambda f: f.where(
        "diameter",
        lambda km: km > 4000,
        moons(f, "Jupiter_(planet)") & f.heads("discovered by", "Galileo_Galilei"),
    ),
    "Which countries in South America have left-hand traffic?": lambda f: (
        in_continent(f, "South_America") & f.heads("driving side", "Left-hand_traffic")
    ),
    "Which monarchs were born before 1700?": lambda f: f.where(
        "date of birth",
        lambda day: day < date(1700, 1, 1).toordinal(),
        f.heads("occupation", "Monarch"),
    ),
    "Which members of the Commonwealth of Nations are in South America?": lambda f: (
        f.heads("member of", "Commonwealth_of_Nations") & in_continent(f, "South_America")
    ),
    "Which rivers flow through both Germany and the Netherlands?": lambda f: (
        f.heads("flows through", "Germany") & f.heads("flows through", "Netherlands")
    ),
}
YES_NO = {
    "Does France border Spain?": lambda f: "Spain" in f.borders("France"),
    "Is Paris the capital of Germany?": lambda f: "Paris" in f.tails("Germany", "capital"),
    "Is the Nile longer than the Amazon River?": lambda f: (
        f.difference("length", "Nile", "Amazon_River") > 0
    ),
    "Did Marie Curie discover radium?": lambda f: (
        "Marie_Curie" in f.tails("Radium", "discovered by")
    ),
    "Is Switzerland a member of the European Union?": lambda f: (
        "European_Union" in f.tails("Switzerland", "member of")
    ),
    "Was Apple founded before Microsoft?": lambda f: (
        f.difference("year founded", "Apple_Inc.", "Microsoft") < 0
    ),
    "Is Titan a moon of Jupiter?": lambda f: "Titan_(moon)" in moons(f, "Jupiter_(planet)"),
    "Is Brazil larger than Australia?": lambda f: f.difference("area", "Brazil", "Australia") > 0,
    "Is Mount Etna higher than Teide?": lambda f: (
        f.difference("elevation", "Mount_Etna", "Teide") > 0
    ),
    "Are Germany and Poland neighbours?": lambda f: "Poland" in f.borders("Germany"),
    "Was the film Titanic released after Avatar?": lambda f: (
        f.difference("release year", "Titanic_(film)", "Avatar_(film)") > 0
    ),
    "Is Elon Musk older than Jeff Bezos?": lambda f: f.day("Elon_Musk") < f.day("Jeff_Bezos"),
    "Is Spanish an official language of Brazil?": lambda f: (
        "Spanish_language" in f.tails("Brazil", "official language")
    ),
    "Is the moon Ganymede bigger than the planet Mercury?": lambda f: (
        f.difference("diameter", "Ganymede_(moon)", "Mercury_(planet)") > 0
    ),
    "Is berkelium named after Berkeley?": lambda f: (
        "Berkeley" in f.tails("Berkelium", "named after")
    ),
    "Is Lord Byron a child of Ada Lovelace?": lambda f: (
        "Lord_Byron" in f.heads("parent", "Ada_Lovelace")
    ),
    "Does the Blue Nile flow into the Nile?": lambda f: (
        "Nile" in f.tails("Blue_Nile", "flows into")
    ),
    "Does the Nile flow into the Blue Nile?": lambda f: (
        "Blue_Nile" in f.tails("Nile", "flows into")
    ),
}
VALUE = {
    "How long is the Rhine?": lambda f: f.value["length"]["Rhine"],
    "How high is Mount Rainier?": lambda f: f.value["elevation"]["Mount_Rainier"],
    "When was Ada Lovelace born?": lambda f: f.value["date of birth"]["Ada_Lovelace"],
    "What is the population of Kenya?": lambda f: f.value["population"]["Kenya"],
    "When was Google founded?": lambda f: f.value["year founded"]["Google"],
    "In which year was the film Casablanca released?": lambda f: f.value["release year"][
        "Casablanca_(film)"
    ],
    "What is the atomic number of uranium?": lambda f: f.value["atomic number"]["Uranium"],
    "How many people live in Nigeria?": lambda f: f.value["population"]["Nigeria"],
    "How large is Lake Victoria?": lambda f: f.value["area"]["Lake_Victoria"],
    "What is the diameter of the planet Mars?": lambda f: f.value["diameter"]["Mars_(planet)"],
    "Which element has the atomic number 94?": lambda f: f.where(
        "atomic number", lambda number: number == 94
    ),
    "Which films were released in 1979?": lambda f: f.where(
        "release year", lambda year: year == 1979
    ),
    "Who was born on 12 February 1809?": lambda f: f.where(
        "date of birth", lambda day: day == date(1809, 2, 12).toordinal()
    ),
    "What is the population of the country whose capital is Lima?": lambda f: f.value["population"][
        only(f.heads("capital", "Lima"))
    ],
    "How high is the highest point of Oregon?": lambda f: f.value["elevation"][
        only(f.tails("Oregon", "highest point"))
    ],
    "When was the director of the film Titanic born?": lambda f: f.value["date of birth"][
        only(f.tails("Titanic_(film)", "director"))
    ],
}
DIFFERENCE = {
    "How much longer is the Nile than the Amazon River?": lambda f: (
        f"{f.difference('length', 'Nile', 'Amazon_River'):g} km"
    ),
    "How many years passed between the releases of the films Titanic and Avatar?": lambda f: (
        f.difference("release year", "Avatar_(film)", "Titanic_(film)")
    ),
    "How much higher is Mount Whitney than Mount Elbert?": lambda f: (
        f"{f.difference('elevation', 'Mount_Whitney', 'Mount_Elbert'):g} m"
    ),
    "How many more moons does Saturn have than Jupiter?": lambda f: (
        len(moons(f, "Saturn_(planet)")) - len(moons(f, "Jupiter_(planet)"))
    ),
    "What is the difference between the atomic numbers of uranium and iron?": lambda f: (
        f.difference("atomic number", "Uranium", "Iron")
    ),
    "How many years after Puma was Adidas founded?": lambda f: f.difference(
        "year founded", "Adidas", "Puma_(company)"
    ),
    "What is the total population of the countries that border Andorra?": lambda f: sum(
        f.number(key, "population") for key in f.borders("Andorra")
    ),
    "How many more inhabitants does Spain have than Portugal?": lambda f: f.difference(
        "population", "Spain", "Portugal"
    ),
}
INVERSE = {
    "Whose father is Henry VIII?": lambda f: f.heads("parent", "Henry_VIII"),
    "Who are the parents of Zeus?": lambda f: f.tails("Zeus", "parent"),
    "Name the children of Zeus.": lambda f: f.heads("parent", "Zeus"),
    "Which country has Lima as its capital?": lambda f: (
        f.heads("capital", "Lima") & f.types["country"]
    ),
    "What flows into the Nile?": lambda f: f.heads("flows into", "Nile"),
    "What does the Nile flow into?": lambda f: f.tails("Nile", "flows into"),
    "What orbits Mars?": lambda f: f.heads("orbits", "Mars_(planet)"),
    "What does the planet Mars orbit?": lambda f: f.tails("Mars_(planet)", "orbits"),
    "Which company owns Pixar?": lambda f: f.tails("Pixar", "owned by"),
    "Which things are made of copper?": lambda f: f.heads("made of", "Copper"),
    "Of which state is Mount Hood the highest point?": lambda f: f.heads(
        "highest point", "Mount_Hood"
    ),
}
NO_RELATION = {
    "What is the airport of Berlin?": "airport",
    "What is the boiling point of gold?": "boiling point",
    "Which religion does Nelson Mandela have?": "religion",
    "What is the gross domestic product of Japan?": "gross domestic product",
    "How deep is the Dead Sea?": "depth",
    "What is the budget of the film Titanic?": "budget",
    "How many employees does Google have?": "employees",
    "What is the phone number of Apple?": "phone number",
    "How much does a Ford Mustang cost?": "price",
    "Which hobbies does Elon Musk have?": "hobby",
    "What is the national anthem of Peru?": "anthem",
    "What is the time zone of Kenya?": "time zone",
}
"""Questions for a relation that the world does not have, with its name."""
NO_NAME = {
    "What is the capital of Atlantis?": "Atlantis",
    "Who directed Gone with the Wind?": "Gone with the Wind",
    "How long is the river Yangtze?": "Yangtze",
    "When was Wolfgang Amadeus Mozart born?": "Wolfgang Amadeus Mozart",
    "How high is Mount Everest?": "Mount Everest",
    "How many moons does the planet Vulcan have?": "Vulcan",
    "Is Narnia larger than Wonderland?": "Narnia",
    "Which countries border Ruritania?": "Ruritania",
    "Who founded Nokia?": "Nokia",
    "What is the atomic number of oxygen?": "Oxygen",
}
"""Questions about a name that the world does not have, with it."""
NO_VALUE = {
    "Who is the spouse of Isaac Newton?": ("Isaac_Newton", "spouse"),
    "Who discovered gold?": ("Gold", "discovered by"),
    "How high are the Rocky Mountains?": ("Rocky_Mountains", "elevation"),
    "When was Archimedes born?": ("Archimedes", "date of birth"),
    "Who founded Samsung Electronics?": ("Samsung_Electronics", "founded by"),
    "What is the population of Chicago?": ("Chicago", "population"),
    "Who are the parents of Marie Curie?": ("Marie_Curie", "parent"),
    "What is the area of Antarctica?": ("Antarctica", "area"),
}
"""Questions for a fact that the world does not state, with head and relation."""
