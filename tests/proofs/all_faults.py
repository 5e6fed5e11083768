"""All faults that are planted, of whatever part of the product: each has a name of its own."""

from tests.proofs import (
    faults,
    faults_of_books,
    faults_of_coupons,
    faults_of_deleting,
    faults_of_fulfilling,
    faults_of_history,
    faults_of_insight,
    faults_of_issuing,
    faults_of_liability,
    faults_of_people,
    faults_of_reconciling,
    faults_of_redemptions,
    faults_of_referrals,
    faults_of_store_credit,
    faults_of_strays,
    faults_of_the_till,
)

FAULTS = (
    *faults.FAULTS,
    *faults_of_books.FAULTS,
    *faults_of_people.FAULTS,
    *faults_of_insight.FAULTS,
    *faults_of_history.FAULTS,
    *faults_of_strays.FAULTS,
    *faults_of_deleting.FAULTS,
    *faults_of_redemptions.FAULTS,
    *faults_of_referrals.FAULTS,
    *faults_of_issuing.FAULTS,
    *faults_of_fulfilling.FAULTS,
    *faults_of_store_credit.FAULTS,
    *faults_of_coupons.FAULTS,
    *faults_of_liability.FAULTS,
    *faults_of_reconciling.FAULTS,
    *faults_of_the_till.FAULTS,
)
