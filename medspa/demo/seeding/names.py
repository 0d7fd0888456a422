"""Invented people. Every name, number and address of the demo is fictional."""

_FIRST = """
    Abigail Alana Amara Amelia Andrea Anika Audrey Beatriz Bianca Brooke Camille Carmen Cecilia Chloe Daniela Daphne
    Diana Elena Elise Eva Farah Fiona Gabriela Gemma Hailey Helena Imani Ingrid Isla Jasmine Joanna Josie Julia Kara
    Keiko Kendra Laila Lauren Leah Lena Lydia Mariana Marisol Meera Mia Monica Nadia Naomi Olga Paige Paloma Quinn
    Rachel Renata Robin Sabrina Selena Simone Talia Valeria Vivian Wendy Yara Zoe Daniel Marcus Owen Rafael Theo
    Victor
"""
_LAST = """
    Abbott Alvarez Anders Baker Becker Bell Brandt Calderon Carver Castillo Chang Cooper Cruz Dalton Delgado Dixon
    Ellis Espinoza Fields Flores Foster Garza Gibson Gomez Hale Hayes Huang Ibarra Jensen Keller Khan Lambert Larsen
    Lopez Marsh Mendez Mitchell Morgan Navarro Nolan Ochoa Okafor Palmer Park Patel Quintero Ramos Reed Rivera Rojas
    Sandoval Schmidt Shah Soto Sullivan Tanaka Torres Vance Vega Wallace Weber Whitman Wolfe Yates Young Zamora
"""
FIRST_NAMES, LAST_NAMES = _FIRST.split(), _LAST.split()


def full_name(number: int) -> tuple[str, str]:
    """A different name for each number below 4,000; the same one each time."""
    return FIRST_NAMES[number * 29 % len(FIRST_NAMES)], LAST_NAMES[(number * 31 + number // 70) % len(LAST_NAMES)]
