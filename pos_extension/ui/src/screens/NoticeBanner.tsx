// What is to be said at the top of a screen.

import type {Notice} from '../machine';
import type {Words} from '../words';

export function NoticeBanner({notice, t}: {notice: Notice | undefined; t: Words}) {
  if (!notice) return null;
  return <s-banner tone={notice.tone} heading={t(notice.key, notice.values)} />;
}
