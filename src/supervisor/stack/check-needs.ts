/** What services need of each other: it is there, it can come about, and nothing goes in circles. */
import { findCircle } from '../rules/start-order.ts';
import type { CheckedService } from './checked-stack.ts';
import type { Findings } from './mistake.ts';
import { didYouMean } from './nearest.ts';
import type { Need } from './stack.ts';

type Services = Readonly<Record<string, CheckedService>>;

/** `names`: of all services, those with mistakes too. */
export function checkNeeds(
  findings: Findings,
  services: Services,
  names: readonly string[],
  groups: readonly string[],
): void {
  for (const { name, needs } of Object.values(services))
    for (const [other, need] of Object.entries(needs)) {
      const path = `services.${name}.needs.${other}`;
      const others = names.filter((each) => each !== name);
      if (groups.includes(other)) findings.wrong(path, 'is a group', 'name the services in it');
      else if (!names.includes(other)) findings.wrong(path, 'is no service', didYouMean(other, others));
      else if (other !== name && Object.hasOwn(services, other))
        checkPossible(findings, path, need, services[other] as CheckedService);
    }
  const edges = Object.values(services).map(({ name, needs }) => [name, Object.keys(needs)] as const);
  const circle = findCircle(Object.fromEntries(edges));
  if (circle === undefined) return;
  const text = `goes in a circle: ${circleText(circle, 'needs')}`;
  findings.wrong(`services.${circle[0]}.needs`, text, 'take one of them out');
}

function checkPossible(findings: Findings, path: string, need: Need, other: CheckedService): void {
  const { name, health, restart } = other;
  if (need === 'healthy' && health === undefined)
    findings.wrong(
      path,
      "is 'healthy', and its health is never asked",
      `give services.${name} a health, or write 'ready'`,
    );
  if (need === 'ended' && restart.policy === 'permanent')
    findings.wrong(
      path,
      "is 'ended', and it is started again whenever it ends",
      `give services.${name} restart: 'transient'`,
    );
}

/** `a needs b, b needs a`. */
export function circleText(circle: readonly string[], verb: string): string {
  return circle.map((name, index) => `${name} ${verb} ${circle[(index + 1) % circle.length]}`).join(', ');
}
