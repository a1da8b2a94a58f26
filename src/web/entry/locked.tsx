import './entry.css';
import { KeyRound } from 'lucide-react';
import { Logo } from '../parts/logo.js';

/** This tab has no key that the node knows. */
export function Locked() {
  return (
    <main className="locked">
      <Logo />
      <KeyRound aria-hidden="true" />
      <h1>This page has lost its key</h1>
      <p>An address opens Chatter once, within a minute, in one tab. For a fresh one, run in a terminal:</p>
      <code>npx chatter open</code>
    </main>
  );
}
