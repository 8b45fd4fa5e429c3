// The console's own script: times that stay true, a job's lines under the entry that started it,
// inputs for what is to be run, and a job's page that shows the result when it comes. Everything else is done by the server and by htmx.
(() => {
  'use strict';
  const units = [['day', 86400, 172800], ['hour', 3600, 3600], ['minute', 60, 60], ['second', 1, 0]];
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang || 'en', { numeric: 'always' });
  const exact = new Intl.DateTimeFormat(document.documentElement.lang || 'en', { dateStyle: 'full', timeStyle: 'long' });

  const tell = (element) => {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) return;
    const seconds = Math.round((at.getTime() - Date.now()) / 1000);
    element.title = exact.format(at);
    if (Math.abs(seconds) < 10) return;
    const [unit, size] = units.find(([, , from]) => Math.abs(seconds) >= from);
    element.textContent = words.format(Math.trunc(seconds / size), unit);
  };
  const tellAll = () => document.querySelectorAll('time').forEach(tell);

  // What a job says and comes to goes under the entry that started it.
  const gather = (entry) => {
    const job = document.querySelector(`[data-job="${CSS.escape(entry.dataset.of)}"]`);
    if (!job) return;
    const lines = job.querySelector('.lines');
    if (entry.classList.contains('e-output')) {
      entry.className = '';
      lines.querySelector('ol').append(entry);
      lines.querySelector('.count').textContent = lines.querySelectorAll('li').length;
    } else {
      job.querySelector('.ending').replaceChildren(...entry.childNodes);
      lines.open = false;
      entry.remove();
    }
  };
  const gatherAll = () => document.querySelectorAll('#timeline > [data-of]').forEach(gather);

  // What can be run asks only for what it takes.
  const inputs = () => document.querySelectorAll('[data-work]').forEach((set) => {
    const chosen = set.form.elements.work.value === set.dataset.work;
    set.hidden = !chosen;
    set.disabled = !chosen;
  });
  document.querySelector('select[name="work"]')?.addEventListener('change', inputs);
  inputs();

  tellAll();
  setInterval(tellAll, 20000);
  document.addEventListener('htmx:after:swap', () => { gatherAll(); tellAll(); });
  document.querySelectorAll('[data-reload-on]').forEach((element) => {
    element.addEventListener(element.dataset.reloadOn, () => window.location.reload());
  });
})();
