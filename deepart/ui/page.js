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

  // English or Chinese: a cookie, which the server reads too, and in the browser what Gradio goes by.
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

const language = document.cookie.match(/\bdeepart_language=([\w-]+)/)?.[1];
if (language) {
  Object.defineProperty(navigator, 'language', { get: () => language, configurable: true });
  Object.defineProperty(navigator, 'languages', { get: () => [language], configurable: true });
}
document.documentElement.lang = navigator.language.toLowerCase().startsWith('zh-') ? 'zh-CN' : 'en';
const theme = localStorage.getItem('deepart-theme');
if (theme && !new URL(window.location.href).searchParams.has('__theme')) deepart.addTheme(theme);

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
document.addEventListener('dragover', event => {
  if (event.dataTransfer.types.includes('Files')) event.preventDefault();
});
document.addEventListener('drop', event => {
  if (!deepart.putPicture(event.dataTransfer.files, event.target)) return;
  event.preventDefault();
  event.stopPropagation();
}, true);
