// `shopify.i18n`: the extension's own words in the cashier's language.

export function createI18n(locale, words, refuse) {
  const plural = new Intl.PluralRules(locale);
  const find = (key) => key.split('.').reduce((found, part) => found?.[part], words);
  return {
    formatNumber: (number, options) => new Intl.NumberFormat(locale, options).format(number),
    formatCurrency: (number, options) =>
      new Intl.NumberFormat(locale, {style: 'currency', ...options}).format(number),
    formatDate: (date, options) => new Intl.DateTimeFormat(locale, options).format(date),
    translate(key, values = {}) {
      let found = find(key);
      if (typeof found === 'object') found = found[plural.select(values.count)] ?? found.other;
      if (typeof found !== 'string') {
        refuse(`no words for ${key} in ${locale}`);
        return key;
      }
      return found.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => {
        if (!(name in values)) refuse(`nothing to put for {{${name}}} in ${key}`);
        return String(values[name]);
      });
    },
  };
}
