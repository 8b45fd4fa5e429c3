// The console's own script: times that stay true, and a job's page that shows the result when it
// comes. Everything else is done by the server and by htmx.
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

  tellAll();
  setInterval(tellAll, 20000);
  document.addEventListener('htmx:after:swap', tellAll);
  document.querySelectorAll('[data-reload-on]').forEach((element) => {
    element.addEventListener(element.dataset.reloadOn, () => window.location.reload());
  });
})();
