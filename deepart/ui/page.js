// What the page does in the browser by itself. Events and components call it by the name `deepart`.
const deepart = {
  // Scroll to an element that is out of sight.
  intoSight(id) {
    document.getElementById(id)?.scrollIntoView({ behavior: 'smooth', block: 'nearest' });
  },

  // Write the settings of a tab into the address, copy that, and return it.
  copyLink(tab, names, values) {
    const link = new URL(window.location.href);
    const theme = link.searchParams.get('__theme');
    link.hash = '';
    link.search = '';
    if (theme) link.searchParams.set('__theme', theme);
    link.searchParams.set('tab', tab);
    names.forEach((name, index) => {
      if (values[index] !== null && values[index] !== undefined) link.searchParams.set(name, values[index]);
    });
    window.history.replaceState(null, '', link);
    const copied = navigator.clipboard ? navigator.clipboard.writeText(link.href) : Promise.reject();
    copied.catch(() => {});
    return `<a href="${link.href}">${link.href.replaceAll('&', '&amp;')}</a>`;
  },

  // Note what the inputs of a button are when it is pressed, and mark its result where it is of others.
  asked: {},
  made_of: {},
  pressed(button, status, values) {
    deepart.asked[button] = deepart.key(values);
  },
  made(button, status, values) {
    deepart.made_of[button] = deepart.asked[button] ?? deepart.key(values);
    deepart.changed(button, status, values);
  },
  changed(button, status, values) {
    const old = button in deepart.made_of && deepart.made_of[button] !== deepart.key(values);
    document.getElementById(status)?.toggleAttribute('data-old', old);
  },
  key(values) {
    return JSON.stringify(values.map(one => one?.path ?? one));
  },

  // Return settings as the query of an address has them.
  query(names, values) {
    return new URLSearchParams(names.map((name, index) => [name, values[index]])).toString();
  },

  // Let a click on a button inside an element be its event `select`, with the button's data-index; `chosen` is the last.
  choose(element, trigger) {
    element.addEventListener('click', event => {
      const button = event.target.closest('button[data-index]');
      if (!button) return;
      deepart.chosen = button.dataset.index;
      trigger('select', { index: button.dataset.index, value: button.title });
    });
  },
};
window.deepart = deepart;
