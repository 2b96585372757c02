// The commands of the documents: fenced sh blocks, and what stands in backquotes and begins with a program of ours.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const PROGRAM = /^(?:[A-Z_]+=\S+ +)*(make|tl|tl-[a-z-]+|(?:scripts|build|\.ci)\/\S+|kcat|protoc|docker|docker-compose|npm|npx|node|curl|wget|socat|git|sudo|apt-get|psql|redis-cli|nats)(?= |$)/;
const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm;

export const documents = root => execFileSync('git', ['ls-files', '--', '*.md'], { cwd: root, encoding: 'utf8' })
  .trim().split('\n').map(file => ({ file, ...commands(readFileSync(path.join(root, file), 'utf8')) }));

/** blocks: the text of each sh block; strays: lines in other fences that look like commands; inline: in backquotes. */
export function commands(text) {
  const blocks = [], strays = [], inline = [];
  const prose = text.replace(FENCE, (_, language, body) => {
    if (/^(sh|bash|shell|console)$/.test(language)) blocks.push(body);
    else if (language === '') strays.push(...body.split('\n').filter(line => / /.test(line.trim()) && PROGRAM.test(line.trim())));
    return '';
  });
  for (const [, code] of prose.matchAll(/`([^`]+)`/g)) {
    const said = code.replace(/\s+/g, ' ').trim();
    if (PROGRAM.test(said) && !isFile(said)) inline.push(said);
  }
  return { blocks, strays, inline };
}

const isFile = said => /^(docker-compose\.yml|\S+\.(yml|md|py|supp))$/.test(said) || /^tl-(mask|block)$/.test(said);

/** A command's parts: settings before it, the program, and the rest, as a shell splits them (quotes are kept). */
export function parts(command) {
  const words = command.match(/(?:[^\s"]|"[^"]*")+/g);
  const at = words.findIndex(word => !/^[A-Z_]+=/.test(word));
  return { settings: words.slice(0, at), program: words[at], rest: words.slice(at + 1) };
}

/** A block as one command a line: continued lines joined, comments gone. */
export const lines = block => block.replace(/\\\n\s*/g, '').split('\n')
  .map(line => line.replace(/(^|\s)#.*$/, '').trim()).filter(Boolean);
