/** Deliberate bugs in how personal data is kept, held and erased. */
import type { Mutant } from './mutant.ts';

const RULES = 'actors/subject/decider.ts';
const CORE = 'actors/kernel/actorCore.ts';

export const SUBJECT_MUTANTS: readonly Mutant[] = [
  {
    name: 'erased-though-it-is-held',
    breaks: 'A legal hold keeps nobody from being erased.',
    patches: [{ file: RULES, find: 'if (hold !== null) return', replace: 'if (hold === undefined) return' }],
  },
  {
    name: 'keys-outlive-their-subject',
    breaks: 'A subject is erased in its log, and its keys stay beside it.',
    patches: [
      {
        file: 'privacy/subjectKeys.ts',
        find: "      if (type === 'SubjectErased') this.#deps.ring.destroy();\n",
        replace: '',
      },
    ],
  },
  {
    name: 'late-put-brings-keys-back',
    breaks: 'A put of keys into their backup that arrives after the erasure takes its place.',
    patches: [
      {
        file: 'privacy/keyBackupStore.ts',
        find: 'JSON.stringify(backup), { onlyIf });',
        replace: 'JSON.stringify(backup), onlyIf ? {} : {});',
      },
    ],
  },
  {
    name: 'erasure-answered-too-soon',
    breaks: 'An erasure is answered while the backup still has the keys.',
    patches: [
      {
        file: 'privacy/subjectVault.ts',
        find: "return status !== 'ERASED' || isBackupErased;",
        replace: "return status !== '' || isBackupErased;",
      },
    ],
  },
  {
    name: 'rotation-drops-the-key-before',
    breaks: 'What was encrypted before a rotation cannot be read after it.',
    patches: [
      {
        file: 'privacy/keyRing.ts',
        find: '    this.#insert(version, master.id, wrapped);\n',
        replace:
          "    this.#insert(version, master.id, wrapped);\n    this.#storage.sql.exec('DELETE FROM subject_keys WHERE version < ?', version);\n",
      },
    ],
  },
  {
    name: 'key-made-after-its-event',
    breaks: 'A key is made once the log says that it is there, and not at once with that.',
    patches: [
      { file: CORE, find: '          this.#deps.appended?.(before + 1);\n', replace: '' },
      {
        file: CORE,
        find: '      this.#deps.committed?.();\n',
        replace: '      this.#deps.committed?.();\n      this.#deps.appended?.(before + 1);\n',
      },
    ],
  },
  {
    name: 'keys-not-backed-up',
    breaks: 'A key that a rotation has made is in no backup.',
    patches: [{ file: RULES, find: 'backedUp < keyVersion)', replace: 'backedUp === 0 && keyVersion > 0)' }],
  },
];
