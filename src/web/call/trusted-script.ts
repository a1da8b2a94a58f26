/** What the page's policy lets become a script (Trusted Types): files of this page itself. */
interface Policy {
  createScriptURL(url: string): string;
}

const rules = {
  createScriptURL(url: string): string {
    if (new URL(url, location.href).origin !== location.origin)
      throw new TypeError(`not of this page: ${url}`);
    return url;
  },
};

const types = (globalThis as { trustedTypes?: { createPolicy(name: string, rules: object): Policy } })
  .trustedTypes;
const policy: Policy = types?.createPolicy('chatter-call', rules) ?? rules;

/** The address of a worker that was built with the page. Throws TypeError for any other. */
export const trustedScript = (url: string): string => policy.createScriptURL(url);
