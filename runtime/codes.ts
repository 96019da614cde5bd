// The 8xxx table: everything that can go wrong while a plan runs, one row and one page in `spec/errors/` each.
// Only names the mistakes; the messages are written where they are found.

import { HostError } from './host.js'

export interface RuntimeCode {
  readonly slug: string
  readonly meaning: string
}

/** 80xx running a stage, 81xx data and host functions, 82xx what is stored. */
export const runtimeCodes = {
  RLP8001: { slug: 'stage-failed', meaning: 'A stage ended with an error that is not one of the other codes.' },
  RLP8002: { slug: 'stopped', meaning: 'The run was stopped before the stage was done.' },
  RLP8003: { slug: 'not-finite', meaning: 'A reward, the loss or the norm of the gradient is not a finite number.' },
  RLP8004: { slug: 'prompt-too-long', meaning: 'A row has more tokens than the model or the stage allows.' },
  RLP8005: { slug: 'not-in-vocabulary', meaning: 'A text holds a word or character that is not in the vocabulary.' },
  RLP8006: { slug: 'bad-vocabulary', meaning: 'A vocabulary has no room for the special tokens, repeats a token, or differs from the size in the model config.' },
  RLP8007: { slug: 'endless-data', meaning: 'A stage that reads every row once was given a dataset without an end.' },
  RLP8008: { slug: 'too-few-rows', meaning: 'A filter kept fewer rows than it must.' },
  RLP8009: { slug: 'bad-row', meaning: 'A row lacks a field that the stage reads, or has one of another type.' },
  RLP8010: { slug: 'reward-failed', meaning: 'A signal of a reward failed and the reward says `stop`.' },
  RLP8011: { slug: 'nothing-to-learn', meaning: 'No token of a batch is learned from.' },
  RLP8012: { slug: 'no-engine', meaning: 'No engine here can run a stage of the plan.' },
  RLP8013: { slug: 'nothing-learned', meaning: 'A training stage ended without a gradient in any of its updates.' },
  RLP8014: { slug: 'backend-ended', meaning: 'The process of a backend ended while it computed.' },
  RLP8015: { slug: 'no-backend', meaning: 'A backend was asked for that is not installed, or cannot be loaded.' },
  RLP8016: { slug: 'batch-beyond-data', meaning: 'A stage counts epochs of data that is smaller than one of its batches.' },
  RLP8101: { slug: 'missing-file', meaning: 'A data file does not exist or cannot be read.' },
  RLP8102: { slug: 'unreadable-row', meaning: 'A line of a data file is not a row: wrong JSON, not an object, or a CSV line with too many or too few values.' },
  RLP8103: { slug: 'empty-dataset', meaning: 'A dataset has no rows, or none for which its `where` holds.' },
  RLP8104: { slug: 'unreadable-file', meaning: 'A data file is damaged or in another format than its name says.' },
  RLP8105: { slug: 'bad-argument', meaning: 'A host function was given an argument that it cannot use.' },
  RLP8106: { slug: 'wrong-field', meaning: 'A row of a data file lacks a field that the dataset declares, or has it with another type.' },
  RLP8107: { slug: 'signal-timeout', meaning: 'A signal took longer than its budget.' },
  RLP8108: { slug: 'unknown-host-function', meaning: 'A plan calls a host function that this version does not have.' },
  RLP8109: { slug: 'missing-secret', meaning: 'A secret that a stage needs is not in its environment variable or file.' },
  RLP8110: { slug: 'no-interpreter', meaning: 'A program is in a language whose interpreter is not installed.' },
  RLP8111: { slug: 'not-contained', meaning: 'This machine cannot keep a program of that language from files, network and processes.' },
  RLP8112: { slug: 'no-judge', meaning: 'The server of a judge cannot be reached, or does not answer as one.' },
  RLP8113: { slug: 'no-attention', meaning: 'A reward asks where the model looked, and the stage records no attention.' },
  RLP8114: { slug: 'role-without-tokens', meaning: 'Attention to tokens of a role is asked for, and no token of a text plays it.' },
  RLP8201: { slug: 'disk-full', meaning: 'There is no room to write a file.' },
  RLP8202: { slug: 'not-writable', meaning: 'A file or folder cannot be written or read.' },
  RLP8203: { slug: 'damaged-store', meaning: 'A stored artefact does not match its recorded hash.' },
  RLP8204: { slug: 'bad-weights', meaning: 'A weights file is damaged, or its tensors are not those of the model.' },
  RLP8205: { slug: 'bad-model-folder', meaning: 'A model folder lacks a file or holds one that cannot be used.' },
  RLP8206: { slug: 'already-running', meaning: 'Another run uses the same `.rlp` folder.' },
  RLP8207: { slug: 'damaged-work', meaning: 'What an interrupted run left is damaged, or was made under other conditions.' },
} as const satisfies Readonly<Record<string, RuntimeCode>>

export type RuntimeCodeName = keyof typeof runtimeCodes

/** An error of the table: `throw failure('RLP8004', 'row 3 of `K` has 200 tokens', 'raise `context`')`. */
export function failure(code: RuntimeCodeName, message: string, help?: string): HostError {
  return new HostError(code, message, help)
}
