// Security keys: a statement is signed in the form that OpenSSH publishes for browsers (PROTOCOL.u2f,
// PROTOCOL.sshsig), and a key is made of which the public half becomes one line. Nothing here decides anything: the machine reads every
// byte of a signature anew.
(() => {
  'use strict';
  const KEY = 'sk-ecdsa-sha2-nistp256@openssh.com';
  const SIGNATURE = 'webauthn-sk-ecdsa-sha2-nistp256@openssh.com';
  const NAMESPACE = 'befund-approval';
  const PATIENCE = 120000;
  // The flags of an authenticator (WebAuthn, section 6.1).
  const VERIFIED = 0x04;
  const COPYABLE = 0x08;
  const ES256 = -7;

  const utf8 = (text) => new TextEncoder().encode(text);
  const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  const fromBase64 = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const base64url = (bytes) => base64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const fromBase64url = (text) => fromBase64(text.replaceAll('-', '+').replaceAll('_', '/'));
  const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));

  // The data types of SSH (RFC 4251, section 5).
  const number = (value) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
  const string = (value) => {
    const bytes = typeof value === 'string' ? utf8(value) : new Uint8Array(value);
    return join(number(bytes.length), bytes);
  };

  // What SSHSIG has signed in a message's place; here, the challenge.
  const signedBlob = async (message) => join(
    utf8('SSHSIG'), string(NAMESPACE), string(''), string('sha512'),
    string(await crypto.subtle.digest('SHA-512', message)),
  );

  // r and s of a signature in DER, whose numbers are written as SSH writes them.
  const halves = (der) => {
    const length = der[3];
    const second = 4 + length;
    return [der.slice(4, second), der.slice(second + 2, second + 2 + der[second + 1])];
  };

  const assemble = (key, { response }) => {
    const data = new Uint8Array(response.authenticatorData);
    const [r, s] = halves(new Uint8Array(response.signature));
    const raw = join(
      string(SIGNATURE), string(join(string(r), string(s))), data.slice(32, 37),
      string(location.origin), string(response.clientDataJSON), string(data.slice(37)),
    );
    const bytes = join(
      utf8('SSHSIG'), number(1), string(key), string(NAMESPACE), string(''), string('sha512'), string(raw),
    );
    const lines = base64(bytes).match(/.{1,70}/g).join('\n');
    return `-----BEGIN SSH SIGNATURE-----\n${lines}\n-----END SSH SIGNATURE-----\n`;
  };

  // Shows one of a form's texts, and no other.
  const say = (form, what, why = '') => {
    for (const text of form.querySelectorAll('[data-say]')) text.hidden = text.dataset.say !== what;
    const place = form.querySelector('[data-why]');
    if (place) place.textContent = why;
  };
  const able = (form, origins) => {
    if (!window.isSecureContext || !window.PublicKeyCredential || !crypto.subtle) {
      say(form, 'unable');
      return false;
    }
    if (origins.length && !origins.includes(location.origin)) {
      form.querySelector('[data-say="elsewhere"] [data-origins]').textContent = origins.join(', ');
      say(form, 'elsewhere');
      return false;
    }
    return true;
  };
  const descriptors = (credentials) => credentials.map((id) => ({ type: 'public-key', id: fromBase64url(id) }));

  const sign = async (form) => {
    const { relying_party: rpId, keys } = JSON.parse(form.dataset.keys);
    say(form, 'touch');
    const made = await navigator.credentials.get({
      publicKey: {
        challenge: await signedBlob(fromBase64(form.dataset.sign)),
        rpId,
        allowCredentials: descriptors(keys.map((key) => key.credential)),
        userVerification: 'required',
        timeout: PATIENCE,
      },
    });
    const used = keys.find((key) => key.credential === base64url(new Uint8Array(made.rawId)));
    const signature = assemble(fromBase64(used.key), made);
    // The page may have been drawn anew meanwhile, and then for another statement.
    const now = [...document.querySelectorAll('form[data-sign]')].find((other) => other.dataset.sign === form.dataset.sign);
    if (!now) {
      say(document.querySelector('form[data-sign]') ?? form, 'meanwhile');
      return;
    }
    say(now, '');
    now.elements.signature.value = signature;
    now.requestSubmit();
  };

  const make = async (form) => {
    const party = form.dataset.make || location.hostname;
    const name = form.dataset.me;
    say(form, 'touch');
    const made = await navigator.credentials.create({
      publicKey: {
        // No assertion is verified by it.
        challenge: crypto.getRandomValues(new Uint8Array(32)),
        rp: { id: party, name: 'Befund' },
        user: { id: crypto.getRandomValues(new Uint8Array(16)), name, displayName: name },
        pubKeyCredParams: [{ type: 'public-key', alg: ES256 }],
        authenticatorSelection: { residentKey: 'discouraged', userVerification: 'required' },
        attestation: 'none',
        excludeCredentials: descriptors(form.dataset.credentials.split(' ').filter(Boolean)),
        timeout: PATIENCE,
      },
    });
    const flags = new Uint8Array(made.response.getAuthenticatorData())[32];
    const point = new Uint8Array(made.response.getPublicKey() ?? []).slice(-65);
    if (made.response.getPublicKeyAlgorithm() !== ES256 || point[0] !== 4) return say(form, 'other_kind');
    if (!(flags & VERIFIED)) return say(form, 'unverified');
    if (flags & COPYABLE) return say(form, 'copyable');
    const key = join(string(KEY), string('nistp256'), string(point), string(party));
    const line = `${KEY} ${base64(key)} webauthn:${base64url(new Uint8Array(made.rawId))}`;
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', key));
    const origins = form.dataset.origins ? '' : ` --origin ${location.origin}`;
    form.querySelector('[data-line]').textContent = line;
    form.querySelector('[data-fingerprint]').textContent = `SHA256:${base64(digest).replaceAll('=', '')}`;
    form.querySelector('[data-command]').textContent = `befund trust next root.json --webauthn ${name}='${line}'${origins}`;
    say(form, 'made');
  };

  const origins = (form) => (form.dataset.keys
    ? JSON.parse(form.dataset.keys).origins
    : form.dataset.origins.split(' ').filter(Boolean));
  document.addEventListener('click', async (event) => {
    const button = event.target.closest?.('form[data-sign] button, form[data-make] button');
    if (!button) return;
    const { form } = button;
    if (!able(form, origins(form))) return;
    button.disabled = true;
    try {
      await (form.dataset.sign === undefined ? make(form) : sign(form));
    } catch (error) {
      say(form, 'failed', error.name);
    } finally {
      button.disabled = false;
    }
  });

  const prepare = () => {
    for (const form of document.querySelectorAll('form[data-sign], form[data-make]')) {
      const button = form.querySelector('button');
      button.hidden = !able(form, origins(form));
      const party = form.querySelector('[data-party]');
      if (party && !party.textContent) party.textContent = location.hostname;
    }
  };
  prepare();
  document.addEventListener('htmx:after:swap', prepare);
})();
