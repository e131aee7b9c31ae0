"""The lists of the course are whole, in both languages, and fit the simulated operator."""

import pytest

from crmlib.churn import classification

SIZES = {"promotion types": 6, "price strategies": 5, "product quality": 5, "service quality": 5}


@pytest.mark.parametrize(("name", "size"), SIZES.items())
def test_a_list_has_the_items_of_the_course(name, size):
    table = classification(name)
    assert len(table) == size
    assert table.index.is_unique
    assert table["chinese"].str.contains(r"[\u4e00-\u9fff]").all()
    assert table.map(bool).all(axis=None)


def test_promotions_are_named_as_the_operator_names_them(op):
    assert set(op.promotions["promotion"].cat.categories) == set(
        classification("promotion types").index
    )


def test_an_unknown_list_is_refused():
    with pytest.raises(ValueError, match="did you mean 'price strategies'"):
        classification("price strategy")
