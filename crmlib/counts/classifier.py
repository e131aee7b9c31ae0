"""What classifiers that learn from codes share: reading a table, and scikit-learn's attributes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin

from crmlib._checks import listed
from crmlib.counts.codes import Attribute, Codes
from crmlib.counts.encoder import Encoder
from crmlib.counts.levels import Floats
from crmlib.counts.tables import checked_weights
from crmlib.counts.target import class_codes


class CodesClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Base of the classifiers that code their table with an `Encoder` of their own.

    Subclasses have the parameters below, and set `encoder_` before they learn.
    """

    bins: Any
    n_bins: int
    missing: str
    max_categories: int
    encoder_: Encoder
    attributes_: tuple[Attribute, ...]
    classes_: npt.NDArray[Any]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing != "error"
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags

    def _encoder(self) -> Encoder:
        """Return the encoder the parameters describe."""
        return Encoder(
            self.bins,
            self.n_bins,
            missing="error" if self.missing == "error" else "code",
            max_categories=self.max_categories,
        )

    def _learn_codes(self, X: Any, y: Any, sample_weight: Any) -> Codes:
        """Learn the attributes of X and return its codes; `Codes` are taken as they are."""
        if y is None:
            raise ValueError("This classifier requires y to be passed, but the target y is None.")
        self.encoder_ = self._encoder()
        if not isinstance(X, Codes):
            return self.encoder_.fit_encode(X, y, sample_weight)
        if len(X) == 0:
            raise ValueError("X is empty: 0 rows.")
        self.encoder_.attributes_ = X.attributes
        return X

    def _read(
        self, X: Any, y: Any, sample_weight: Any, classes: Any = None
    ) -> tuple[Codes, npt.NDArray[Any], Floats | None]:
        """Learn attributes and classes; return codes, classes by place, weights if they are given.

        Rows of weight 0 are left out, and what they alone had of classes.
        """
        codes = self._learn_codes(X, y, sample_weight)
        weights = None
        if sample_weight is not None:
            weights = checked_weights(sample_weight, len(codes), "sample_weight")
        self.classes_, target = class_codes(y, len(codes), classes)
        if weights is not None and not weights.all():
            heavy = np.flatnonzero(weights)
            codes, weights = codes.take(heavy), weights[heavy]
            self.classes_, target = class_codes(np.asarray(y)[heavy], len(heavy), classes)
        return codes, target, weights

    def _learned_codes(self, X: Any) -> Codes:
        """Return the codes of X, which must mean what was learned."""
        if not isinstance(X, Codes):
            return self.encoder_.encode(X)
        if X.attributes is not self.attributes_ and X.attributes != self.attributes_:
            raise ValueError(
                f"X holds codes of {listed(X.names)} that mean something else than those learned: "
                "encode both with the same encoder."
            )
        return X

    def _take_attributes(self, *, named: bool = True) -> None:
        """Take over from the encoder what scikit-learn looks for."""
        self.attributes_ = self.encoder_.attributes_
        self.n_features_in_ = len(self.attributes_)
        names = [attribute.name for attribute in self.attributes_]
        if not hasattr(self.encoder_, "n_features_in_"):
            self.encoder_.n_features_in_ = len(names)
            if named and all(isinstance(name, str) for name in names):
                self.encoder_.feature_names_in_ = np.array(names, dtype=object)
        if hasattr(self.encoder_, "feature_names_in_"):
            self.feature_names_in_ = self.encoder_.feature_names_in_
