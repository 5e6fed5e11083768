"""Refusals we can explain, named for the fact; each has a stable `code` and HTTP `status`."""

from datetime import datetime

from loyalty.base.said import said


class LoyaltyError(Exception):
    """A refusal that the person looking can understand and act on."""

    code = "refused"
    status = 409


class InsufficientPoints(LoyaltyError):
    """The member has fewer points available than the debit asks for."""

    code = "insufficient_points"


class IdempotencyConflict(LoyaltyError):
    """The same key came again with other facts."""

    code = "idempotency_conflict"


class MemberNotFound(LoyaltyError):
    """This shop has no such member."""

    code, status = "member_not_found", 404


class ShopNotFound(LoyaltyError):
    """No shop of this domain has installed Encore."""

    code, status = "shop_not_found", 404


class BadAdjustment(LoyaltyError):
    """A manual adjustment that cannot be posted; `field` names the input at fault."""

    code, status = "bad_adjustment", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class BadLiabilitySetting(LoyaltyError):
    """What points are said to be worth cannot be so; `field` names the input at fault."""

    code, status = "bad_liability_setting", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class BadPeriod(LoyaltyError):
    """A report's days are in the wrong order, or not over yet."""

    code, status = "bad_period", 422


class MemberNotActive(LoyaltyError):
    """The member is archived or erased: nothing can be done for them; `state` says which."""

    code = "member_not_active"

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class OverDailyCap(LoyaltyError):
    """A till's user has granted what one may grant in a day; `left` is what is left of it."""

    code = "over_daily_cap"

    def __init__(self, left: int) -> None:
        super().__init__(f"{left} left today")
        self.left = left


class BadContact(LoyaltyError):
    """What was typed is no name, email or phone number; `field` names the input at fault."""

    code, status = "bad_contact", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class UnreadableMoney(LoyaltyError):
    """An amount that is no decimal of its currency."""

    code, status = "unreadable_money", 422


class ForeignCurrency(LoyaltyError):
    """An order whose shop money is not in the shop's currency."""

    code, status = "foreign_currency", 422


class BadRule(LoyaltyError):
    """An earning rule or promotion that cannot work; `field` names the input at fault."""

    code, status = "bad_rule", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class RuleNotFound(LoyaltyError):
    """This shop has no such earning rule or promotion."""

    code, status = "rule_not_found", 404


class MemberHasMoved(LoyaltyError):
    """The member was merged into another: what was meant for them is the survivor's.

    Whoever looks them up again finds the survivor.
    """

    code = "member_has_moved"

    def __init__(self, survivor: str) -> None:
        super().__init__(survivor)
        self.survivor = survivor


class BadMerge(LoyaltyError):
    """Two members who cannot be merged, or a merge that cannot be undone; `field` says which."""

    code, status = "bad_merge", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class MergeNotFound(LoyaltyError):
    """This shop has no such merge."""

    code, status = "merge_not_found", 404


class BadState(LoyaltyError):
    """The member's state does not allow it: only the active are archived, the archived restored."""

    code = "bad_state"


class BadSetting(LoyaltyError):
    """A setting that cannot be kept; `field` names the input at fault."""

    code, status = "bad_setting", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class TooManyRequests(LoyaltyError):
    """More than one place or shop may ask within an hour."""

    code, status = "too_many_requests", 429


class BadBirthday(LoyaltyError):
    """A month and day that are no day of any year; `field` names the input at fault."""

    code, status = "bad_birthday", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class BadReader(LoyaltyError):
    """A reader, or a place to follow, that cannot be; `field` names the input at fault."""

    code, status = "bad_reader", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class EmailNotVerifiable(LoyaltyError):
    """There is no address to prove, or it is proved already."""

    code = "email_not_verifiable"


class ReaderNotFound(LoyaltyError):
    """This shop has no such reader."""

    code, status = "reader_not_found", 404


class LocationNotFound(LoyaltyError):
    """This shop has no such place, or none that is open."""

    code, status = "location_not_found", 404


class ProgrammePaused(LoyaltyError):
    """The programme is paused: nothing earns or redeems until it is resumed."""

    code = "programme_paused"


class NotPaused(LoyaltyError):
    """The programme runs: there is nothing to resume."""

    code = "not_paused"


class BadTier(LoyaltyError):
    """A ladder, or a tier by hand, that cannot work; `field` names the input at fault."""

    code, status = "bad_tier", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class TierNotFound(LoyaltyError):
    """This shop has no such tier."""

    code, status = "tier_not_found", 404


class BadCriteria(LoyaltyError):
    """Criteria that cannot be read; `field` is the way to the part at fault, as all[1].value."""

    code, status = "bad_criteria", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class BadBadge(LoyaltyError):
    """A badge that cannot be given; `field` names the input at fault."""

    code, status = "bad_badge", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class BadgeNotFound(LoyaltyError):
    """This shop has no such badge."""

    code, status = "badge_not_found", 404


class BadSegment(LoyaltyError):
    """A segment that cannot be; `field` is name, description, or criteria and the way into them."""

    code, status = "bad_segment", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class SegmentNotFound(LoyaltyError):
    """This shop has no such segment, or none any more."""

    code, status = "segment_not_found", 404


class EntryNotFound(LoyaltyError):
    """This shop has no such entry."""

    code, status = "entry_not_found", 404


class CannotUndo(LoyaltyError):
    """An entry that is not undone by itself: what it belongs to is taken back instead."""

    code = "cannot_undo"


class PointsSpent(LoyaltyError):
    """The points of a credit that is to be undone were spent; `spent` is how many."""

    code = "points_spent"

    def __init__(self, spent: int) -> None:
        super().__init__(f"{spent} of these points are spent")
        self.spent = spent


class TooMuchGivenBack(LoyaltyError):
    """More points than a debit took are to be given back; `left` is what it still holds."""

    code = "too_much_given_back"

    def __init__(self, left: int) -> None:
        super().__init__(f"{left} are left to give back")
        self.left = left


class BadExpiry(LoyaltyError):
    """An expiry rule that cannot work; `field` names the input at fault."""

    code, status = "bad_expiry", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class OrderNotFound(LoyaltyError):
    """This shop has no such order, or none that could be meant."""

    code, status = "order_not_found", 404


class CannotClaim(LoyaltyError):
    """An order that cannot be claimed; `reason` is owned, late, test, history or unpaid."""

    code = "cannot_claim"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class BadReward(LoyaltyError):
    """A reward, a wish or a code that cannot work; `field` names the input at fault."""

    code, status = "bad_reward", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class RewardNotFound(LoyaltyError):
    """This shop has no such reward."""

    code, status = "reward_not_found", 404


class RewardNotAvailable(LoyaltyError):
    """The member cannot have this reward here and now; the message says why."""

    code = "reward_not_available"


class RewardLimitReached(LoyaltyError):
    """The member has redeemed this reward as many times as allowed."""

    code = "reward_limit_reached"


class OutOfStock(LoyaltyError):
    """No code of this reward is left."""

    code = "out_of_stock"


class CartTooSmall(LoyaltyError):
    """The cart is too small for this reward."""

    code = "cart_too_small"


class RedemptionNotFound(LoyaltyError):
    """This shop has no such redemption."""

    code, status = "redemption_not_found", 404


class NotReturnable(LoyaltyError):
    """A redemption that cannot be taken back now; the message says why."""

    code = "not_returnable"


class NotInDoubt(LoyaltyError):
    """A redemption of which nobody needs to say whether its store credit was paid."""

    code = "not_in_doubt"


class SecondProofNeeded(LoyaltyError):
    """What was scanned is not the newest code of the card: redeeming wants another proof."""

    code = "second_proof_needed"


class WrongProof(LoyaltyError):
    """A code or a PIN that is not right, or not any more; `field` names the input at fault."""

    code = "wrong_proof"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class TooManyTries(LoyaltyError):
    """A user gave too many wrong proofs; `until` says when they may try again."""

    code, status = "too_many_tries", 429

    def __init__(self, until: datetime) -> None:
        super().__init__(f"until {until:%H:%M:%S}Z")
        self.until = until


class OverRedeemLimit(LoyaltyError):
    """A till's user has redeemed what one may in a day; `left` is what is left of it."""

    code = "over_redeem_limit"

    def __init__(self, left: int) -> None:
        super().__init__(f"{left} left today")
        self.left = left


class NoEmailAddress(LoyaltyError):
    """There is no address to which a code could be sent."""

    code = "no_email_address"


class BadCoupon(LoyaltyError):
    """A coupon, or codes for one, that cannot work; `field` names the input at fault."""

    code, status = "bad_coupon", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class CouponNotFound(LoyaltyError):
    """This shop has no such coupon."""

    code, status = "coupon_not_found", 404


class CouponOver(LoyaltyError):
    """A coupon that is not handed out any more; the message says why."""

    code = "coupon_over"


class ReferralNotFound(LoyaltyError):
    """This shop has no such referral."""

    code, status = "referral_not_found", 404


class NotFlagged(LoyaltyError):
    """The referral waits for nobody's word: it was given, or is not needed."""

    code = "not_flagged"


class BadMessage(LoyaltyError):
    """A text that cannot be told to a member, or not now; `field` names the input at fault."""

    code, status = "bad_message", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class BadGroupGrant(LoyaltyError):
    """Points for many that cannot be given, or not taken back; `field` names the input at fault."""

    code, status = "bad_group_grant", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class GroupGrantNotFound(LoyaltyError):
    """This shop gave no such points to many."""

    code, status = "group_grant_not_found", 404


class DiscountRefused(LoyaltyError):
    """Shopify does not make the discount; the message says why, `shopify_code` how it named it."""

    code = "discount_refused"

    def __init__(self, message: str, *, shopify_code: str = "") -> None:
        super().__init__(message)
        self.shopify_code = shopify_code


class UnknownEmailKind(LoyaltyError):
    """There is no such email, or it is none that a shop sends by itself."""

    code, status = "unknown_email_kind", 404


class BadCampaign(LoyaltyError):
    """A campaign that cannot be sent so; `field` names the input at fault."""

    code, status = "bad_campaign", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class BadTemplate(LoyaltyError):
    """Words that cannot be filled in: `field` and `line` say where, `words` what is wrong.

    `line` counts from 1; 0 is the whole field.
    """

    code, status = "bad_template", 422

    def __init__(self, field: str, words: str, line: int = 0) -> None:
        super().__init__(words)
        self.field, self.words, self.line = field, words, line


class CountTooSlow(LoyaltyError):
    """Figures that could not be told within the time that somebody waits for them."""

    code, status = "count_too_slow", 503

    def __init__(self) -> None:
        super().__init__(said("Counting takes too long just now. Look again in a little while"))


class CampaignNotFound(LoyaltyError):
    """This shop has no such campaign."""

    code, status = "campaign_not_found", 404


class BadCampaignState(LoyaltyError):
    """What the campaign's state does not allow; the message says why."""

    code = "bad_campaign_state"


class BadConsent(LoyaltyError):
    """What a member is said to have said of marketing cannot be written down."""

    code, status = "bad_consent", 422


class ListTooSlow(LoyaltyError):
    """What the list was asked for takes too long; narrower filters may not."""

    code, status = "list_too_slow", 422


class BadView(LoyaltyError):
    """A view that cannot be saved so; `field` names the input at fault."""

    code, status = "bad_view", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class ViewNotFound(LoyaltyError):
    """This shop has no such view of its members."""

    code, status = "view_not_found", 404


class BadDeed(LoyaltyError):
    """A deed for many that cannot be done so; `field` names the input at fault."""

    code, status = "bad_deed", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class DeedNotFound(LoyaltyError):
    """This shop has decided no such thing for many of its members."""

    code, status = "deed_not_found", 404
