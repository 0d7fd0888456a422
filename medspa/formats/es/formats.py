"""Spanish as it is read in the United States: 1,234.50 and not 1.234,50.

Fields of the type `date` and `time` want ISO, which is the first of the English input formats; of Django's Spanish ones
it is the last.
"""

from django.conf.locale.en import formats as _en

DECIMAL_SEPARATOR = _en.DECIMAL_SEPARATOR
THOUSAND_SEPARATOR = _en.THOUSAND_SEPARATOR
NUMBER_GROUPING = _en.NUMBER_GROUPING
FIRST_DAY_OF_WEEK = _en.FIRST_DAY_OF_WEEK
DATE_INPUT_FORMATS = _en.DATE_INPUT_FORMATS
TIME_INPUT_FORMATS = _en.TIME_INPUT_FORMATS
DATETIME_INPUT_FORMATS = _en.DATETIME_INPUT_FORMATS
