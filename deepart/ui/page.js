// What the page does in the browser by itself. Events and components call it by the name `deepart`.
const deepart = {
  // Scroll to an element that is out of sight; once more where what changed meanwhile has broken that off.
  intoSight(id, first = true) {
    const element = document.getElementById(id), top = element?.getBoundingClientRect().top;
    const behavior = first ? 'smooth' : 'instant';
    if (top < 0 || top > 0.5 * innerHeight) element.scrollIntoView({ behavior, block: 'nearest' });
    if (first) setTimeout(() => deepart.intoSight(id, false), 1000);
  },

  // The page takes nothing until what its address asks for and the browser has kept is there: that would undo it.
  ready() {
    if (!document.body.inert) return;  // the timer below: to write the address then could end a visit to another
    document.body.inert = false;
    deepart.address(window.location.href);
  },

  // Let the address be a link, without what would begin the work again whenever the page is loaded anew.
  address(link) {
    const address = new URL(link);
    address.searchParams.delete('make');
    window.history.replaceState(window.history.state, '', address);
  },

  // Return the address of the page with a tab in it, and nothing else but the theme.
  addressOf(tab) {
    const link = new URL(window.location.href);
    const theme = link.searchParams.get('__theme');
    link.hash = '';
    link.search = '';
    if (theme) link.searchParams.set('__theme', theme);
    link.searchParams.set('tab', tab);
    return link;
  },

  // Write a query into the address, copy that, and return it as a link.
  copyLink(query) {
    const link = deepart.addressOf('');
    new URLSearchParams(query).forEach((value, name) => link.searchParams.set(name, value));
    deepart.address(link);
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

  // The tab that is shown is in the address, so that back and forward move between tabs, and the next visit begins there.
  shown(tab) {
    localStorage.setItem('deepart-tab', tab);
    const now = new URLSearchParams(window.location.search).get('tab');
    if (tab !== now) window.history.pushState(null, '', deepart.addressOf(tab));
  },

  follow() {
    const tab = new URLSearchParams(window.location.search).get('tab') ?? '';
    const all = [...document.querySelectorAll('#tabs > .tab-wrapper [role=tab]')];
    (all.find(one => one.dataset.tabId === tab) ?? all[0])?.click();
  },

  // What this browser keeps of what was made is {results, cleared, photo, picture}; see shelf.py. News of it are JSON.
  merge(news, store) {
    const { add = [], hearts = {}, photo = store.photo, picture = store.picture } = JSON.parse(news || '{}');
    let results = [...store.results];
    for (const one of add) {
      const moved = other => one.root && other.root === one.root && !other.liked;  // by sliders, before it
      const same = key => results.find(other => other.key === key);
      const there = same(one.key) ?? same(one.picture);  // once it is painted, the small picture need not be kept
      if (there) results = results.map(other => (other === there ? { ...one, liked: one.liked || there.liked } : other));
      else results = [one, ...results.filter(other => !moved(other))];
    }
    const heart = one => one.picture ?? one.key;
    results = results.map(one => (heart(one) in hearts ? { ...one, liked: hearts[heart(one)] } : one));
    for (let index = results.length - 1; results.length > 60 && index >= 0; index--) {
      if (!results[index].liked) results.splice(index, 1);
    }
    results = results.slice(0, 60);
    return { ...store, results, cleared: store.cleared?.slice(0, 60 - results.length), photo, picture };
  },

  // Return what the page needs of it when it opens, where the address names no other pictures, and what it needs of
  // the result that was clicked.
  kept(store) {
    const asked = new URLSearchParams(window.location.search), { photo, picture } = store;
    const named = name => (asked.get(name) === 'own' ? null : asked.get(name));
    return {
      liked: store.results.filter(one => one.liked).map(({ thumb, ...one }) => one),
      photo: named('content') || !photo ? null : { ...photo, style: named('style') ?? photo.style },
      picture: named('picture') ? null : picture,
    };
  },
  record(store) {
    deepart.opened = deepart.chosen;
    return store.results.find(one => one.key === deepart.opened) ?? null;
  },

  // What is taken away can be brought back to its place, before what stays `behind` it. With that it is 60 at most.
  without(store, gone) {
    const stay = store.results.filter(one => !gone(one)), cleared = [];
    let behind = stay.length;
    for (const one of store.results) {
      if (gone(one)) cleared.push({ ...one, behind });
      else behind--;
    }
    return { ...store, results: stay, cleared };
  },
  clear(store, words) {
    const gone = one => !one.liked;
    return store.results.some(gone) && window.confirm(words) ? deepart.without(store, gone) : store;
  },
  remove(store) {
    return deepart.without(store, one => one.key === deepart.opened);
  },
  undo(store) {
    const results = [...store.results];
    for (const { behind, ...one } of store.cleared ?? [])
      if (!results.some(other => other.key === one.key)) results.splice(Math.max(0, results.length - behind), 0, one);
    return { ...store, results, cleared: null };
  },

  // Return the results as HTML: a button for each, by its key.
  draw(store) {
    const safe = words => String(words).replace(/[&<>"]/g, sign => `&#${sign.charCodeAt(0)};`);
    const buttons = store.results.map(one => `<button type="button" data-index="${safe(one.key)}"
      title="${safe(one.name)}" class="${one.liked ? 'da-liked' : ''}"><img alt="" src="${safe(one.thumb)}"><span>${
      safe(one.name)}</span></button>`);
    const hidden = [store.results.length ? '#session-told p:first-child' : '#session-told p:last-child, #session-clear'];
    if (!store.cleared?.length) hidden.push('#session-undo');
    return `<style>${hidden.join(', ')} { display: none !important; }</style><div class="da-kept">${buttons.join('')}</div>`;
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

  // Light or dark: Gradio reads it from the address when the page opens, so it is kept there as well.
  switchTheme() {
    const theme = document.body.classList.toggle('dark') ? 'dark' : 'light';
    localStorage.setItem('deepart-theme', theme);
    deepart.addTheme(theme);
  },
  addTheme(theme) {
    const address = new URL(window.location.href);
    address.searchParams.set('__theme', theme);
    window.history.replaceState(window.history.state, '', address);
  },

  // English or Chinese: a cookie, by which the server lets the page speak; see switch_language().
  switchLanguage() {
    const other = navigator.language.toLowerCase().startsWith('zh-') ? 'en-GB' : 'zh-CN';
    const framed = window.location.protocol === 'https:' ? 'SameSite=None; Secure; Partitioned' : 'SameSite=Lax';
    document.cookie = `deepart_language=${other}; path=/; max-age=31536000; ${framed}`;
    window.location.reload();
  },

  // Put a picture that was dropped or pasted into a box: the one under it, else that of the tab in sight.
  putPicture(files, target) {
    const file = [...files].find(one => one.type.startsWith('image/'));
    const seen = ['content', 'vae-picture', 'find-picture'].map(id => document.getElementById(id));
    const box = target.closest?.('.block:has(input[type=file])') || seen.find(one => one?.checkVisibility());
    const input = box?.querySelector('input[type=file]');
    if (!file || !input) return false;
    const list = new DataTransfer();
    list.items.add(file);
    input.files = list.files;
    input.dispatchEvent(new Event('change', { bubbles: true }));
    return true;
  },

  // Only the chosen tab is a stop of the tabulator key; the arrow keys go on from there.
  oneStop() {
    for (const tab of document.querySelectorAll('[role=tab]'))
      tab.tabIndex = tab.getAttribute('aria-selected') === 'true' ? 0 : -1;
  },
  moveTab(event) {
    const list = event.target.closest('[role=tablist]');
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: 0, End: 0 }[event.key];
    if (!list || step === undefined) return;
    const tabs = [...list.querySelectorAll('[role=tab]:not([disabled])')];
    const last = tabs.length - 1;
    const at = tabs.indexOf(document.activeElement) + step;
    const next = tabs[event.key === 'Home' ? 0 : event.key === 'End' || at < 0 ? last : at > last ? 0 : at];
    event.preventDefault();
    next.click();
    next.focus();
  },
};
window.deepart = deepart;

document.documentElement.lang = navigator.language.toLowerCase().startsWith('zh-') ? 'zh-CN' : 'en';
const theme = localStorage.getItem('deepart-theme');
if (theme && !new URL(window.location.href).searchParams.has('__theme')) deepart.addTheme(theme);

document.body.inert = true;
setTimeout(deepart.ready, 30000);  // should the server never answer
document.addEventListener('keydown', event => deepart.moveTab(event));
document.addEventListener('focusin', deepart.oneStop);
new MutationObserver(deepart.oneStop).observe(document, {
  subtree: true, attributes: true, attributeFilter: ['aria-selected'],
});
// Gradio gives the pictures in its boxes no words for those who do not see them: the name of their box will do.
document.addEventListener('load', event => {
  const picture = event.target;
  if (picture.tagName !== 'IMG' || picture.alt) return;
  picture.alt = picture.closest('.block')?.querySelector('[data-testid=block-label]')?.textContent.trim() || '';
}, true);
document.addEventListener('paste', event => {
  if (event.clipboardData && deepart.putPicture(event.clipboardData.files, event.target)) event.preventDefault();
}, true);
document.addEventListener('click', event => {
  // Gradio asks for a file only where a box is empty, and empties it when it should ask for another.
  const box = event.target.closest?.(':is(#content, #vae-picture):has(.image-frame)');
  if (!box || event.target.closest('button:not([aria-label="Upload file"].selected)')) return;
  event.stopPropagation();
  box.querySelector('input[type=file]')?.click();
}, true);
document.addEventListener('dragover', event => {
  if (event.dataTransfer.types.includes('Files')) event.preventDefault();
});
document.addEventListener('drop', event => {
  // Only what Gradio's own boxes have not taken comes here; the browser would leave the page for it.
  if (event.dataTransfer.files.length) event.preventDefault();
  deepart.putPicture(event.dataTransfer.files, event.target);
});
if (!new URLSearchParams(window.location.search).get('tab') && localStorage.getItem('deepart-tab')) {
  window.history.replaceState(null, '', deepart.addressOf(localStorage.getItem('deepart-tab')));
}
window.addEventListener('popstate', deepart.follow);
new MutationObserver(changes => {
  for (const { target } of changes) {
    if (target.matches('#tabs > .tab-wrapper [role=tab][aria-selected=true]')) deepart.shown(target.dataset.tabId);
  }
}).observe(document, { attributes: true, attributeFilter: ['aria-selected'], subtree: true });

