// What is to be said at the top of a screen.

import type {Notice} from '../machine';
import type {Words} from '../words';

export function NoticeBanner({notice, t}: {notice: Notice | undefined; t: Words}) {
  if (!notice) return null;
  const values = notice.day ? {...notice.values, day: t.day(notice.day)} : notice.values;
  return (
    <s-banner tone={notice.tone} heading={t(notice.key, values)}>
      {notice.detail && <s-text>{notice.detail}</s-text>}
    </s-banner>
  );
}
