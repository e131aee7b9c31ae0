"""The taxonomies are complete, bilingual, and agree with the simulated operator's truth."""

import pandas as pd
import pytest

from crmlib.churn import mapping, recode, taxonomies, taxonomy
from crmlib.data.operator import loss_causes


def test_every_taxonomy_has_the_number_of_classes_the_course_gives():
    expected = {
        **{"reason_four": 4, "type_six": 6, "dissatisfaction": 6, "nature": 2, "cause_ten": 10},
        **{"side": 4, "firm_side": 8, "customer_side": 7, "practice": 6, "needs_unmet": 5},
        "keaveney": 8,
    }
    assert taxonomies()["classes"].to_dict() == expected
    assert (taxonomies()["source"].str.len() > 0).all()


@pytest.mark.parametrize("name", ["cause", *taxonomies().index])
def test_every_class_has_a_name_in_both_languages_and_known_causes(name):
    table = taxonomy(name)
    assert table.index.is_unique
    assert (table["english"].str.len() > 0).all()
    assert table["chinese"].str.contains("[\u4e00-\u9fff]", regex=True).all()
    assert {cause for causes in table["causes"] for cause in causes} <= set(loss_causes().index)


@pytest.mark.parametrize("name", loss_causes().columns.drop(["english", "chinese", "group"]))
def test_recoding_a_cause_gives_the_truth_of_the_operator(op, name):
    losses = op.truth.losses
    found = recode(losses["cause"], "cause", name)
    assert (found.astype("object").fillna("") == losses[name].astype("object").fillna("")).all()


def test_a_class_that_maps_to_several_is_left_open():
    reasons = pd.Series(["moved away", "bought away", None])
    found = recode(reasons, "type_six", "nature")
    assert found.isna().tolist() == [True, False, True]
    assert found[1] == "non-natural"
    shared = mapping("type_six", "nature").sum(axis=1)
    assert (shared == taxonomy("type_six")["causes"].str.len()).all()


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="did you mean 'keaveney'"):
        taxonomy("keveney")
    with pytest.raises(ValueError, match="did you mean 'price'"):
        recode(pd.Series(["prise"]), "cause", "nature")
