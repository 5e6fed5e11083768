// Puts the member's customer on the cart. Points go to the customer on the paid order, so this
// is what makes a sale count for them.

import {useRef, useState} from 'preact/hooks';
import {type Till, useSignal} from '../host';
import type {Member} from '../wire';
import type {Words} from '../words';

export function Attach({till, member, t}: {till: Till; member: Member; t: Words}) {
  const cart = useSignal(till.cart.current);
  const [isBusy, setBusy] = useState(false);
  const [hasFailed, setFailed] = useState(false);
  // POS may say that the customer is set before its cart shows it: believe it until then.
  const [isTrusted, setTrusted] = useState(false);
  const wasShown = useRef(false);
  const onCart = cart.customer?.id;
  const isShown = onCart !== undefined && onCart === member.customer_id;
  if (isShown) wasShown.current = true;

  const {customer_id: customerId} = member;
  if (customerId === null) return <s-text tone="warning">{t('member.no_customer')}</s-text>;
  if (isShown || (isTrusted && !wasShown.current)) {
    return <s-banner tone="success" heading={t('member.attached')} />;
  }
  if (cart.editable === false) return <s-text tone="warning">{t('member.not_editable')}</s-text>;

  const attach = async () => {
    setBusy(true);
    setFailed(false);
    setTrusted(false);
    wasShown.current = false;
    try {
      await till.cart.setCustomer({id: customerId});
      setTrusted(true);
    } catch {
      setFailed(true);
    }
    setBusy(false);
  };
  return (
    <s-stack direction="block" gap="small">
      {hasFailed && <s-banner tone="critical" heading={t('member.attach_failed')} />}
      {onCart !== undefined && <s-text tone="caution">{t('member.replace')}</s-text>}
      <s-button variant="primary" loading={isBusy} disabled={isBusy} onClick={() => void attach()}>
        {t('member.attach')}
      </s-button>
    </s-stack>
  );
}
