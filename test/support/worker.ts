/** The Worker under test: the product's own, and toy actors on its kernel. */
export * from '../../workers/index.ts';
export { default } from '../../workers/index.ts';
export { ToyActor } from './toy.ts';
