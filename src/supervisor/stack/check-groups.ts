/** Groups: each by itself, and all together as trees, in which everything stands once. */
import { findCircle } from '../rules/start-order.ts';
import { circleText } from './check-needs.ts';
import { checkIntensity, defaultIntensity, restartPolicies } from './check-upkeep.ts';
import type { CheckedGroup, CheckedService } from './checked-stack.ts';
import { Fields } from './fields.ts';
import { type Findings, shown } from './mistake.ts';
import { didYouMean } from './nearest.ts';

type Services = Readonly<Record<string, CheckedService>>;
type Groups = Readonly<Record<string, CheckedGroup>>;

const known = ['members', 'strategy', 'intensity', 'restart', 'significant', 'autoShutdown'];

export function checkGroups(stack: Fields, serviceNames: readonly string[]): Record<string, CheckedGroup> {
  const groups: Record<string, CheckedGroup> = {};
  for (const [name, value] of stack.entries('groups', 'group')) {
    const fields = Fields.of(stack.findings, `groups.${name}`, value, known);
    if (fields === undefined) continue;
    const members = fields.texts('members', 'write a list of services and groups');
    if (!fields.has('members') || members?.length === 0)
      fields.wrong('members', 'has nothing in it', 'name the services and groups that fail together');
    if (serviceNames.includes(name)) fields.wrong('', 'has the name of a service', 'give it another');
    groups[name] = {
      name,
      members: members ?? [],
      strategy: fields.oneOf('strategy', ['one-for-one', 'one-for-all', 'rest-for-one'], 'one-for-one'),
      intensity: checkIntensity(fields),
      restart: fields.oneOf('restart', restartPolicies, 'permanent'),
      significant: fields.flag('significant', false),
      autoShutdown: fields.oneOf('autoShutdown', ['never', 'any-significant', 'all-significant'], 'never'),
    };
  }
  return groups;
}

export function checkGroupsTogether(
  findings: Findings,
  groups: Groups,
  services: Services,
  serviceNames: readonly string[],
): void {
  const standsIn = checkMembers(findings, groups, serviceNames);
  checkCircle(findings, groups);
  for (const { name, restart, significant } of Object.values(groups)) {
    const parent = groups[standsIn.get(name) ?? ''];
    if (significant) checkSignificant(findings, `groups.${name}`, restart, parent);
    if (restart !== 'permanent' && parent === undefined)
      findings.remark(
        `groups.${name}.restart`,
        `is ${shown(restart)}, and no group stands above it that could restart it`,
        'leave it out',
      );
  }
  for (const { name, restart } of Object.values(services)) {
    const parent = groups[standsIn.get(name) ?? ''];
    if (restart.significant) checkSignificant(findings, `services.${name}.restart`, restart.policy, parent);
    if (restart.intensity !== defaultIntensity && parent !== undefined)
      findings.remark(
        `services.${name}.restart.intensity`,
        'does not count: that of its group does',
        `write it in groups.${parent.name}`,
      );
  }
  remarkNothingSignificant(findings, groups, services);
}

/** The group of each member. */
function checkMembers(
  findings: Findings,
  groups: Groups,
  serviceNames: readonly string[],
): ReadonlyMap<string, string> {
  const standsIn = new Map<string, string>();
  const all = [...serviceNames, ...Object.keys(groups)];
  for (const { name, members } of Object.values(groups))
    for (const [index, member] of members.entries()) {
      const path = `groups.${name}.members.${index}`;
      const other = standsIn.get(member);
      if (!all.includes(member))
        findings.wrong(path, `is ${shown(member)}, which is no service or group`, didYouMean(member, all));
      else if (other !== undefined)
        findings.wrong(path, `is ${shown(member)}, which stands in ${other} already`, 'keep one of them');
      else standsIn.set(member, name);
    }
  return standsIn;
}

function checkCircle(findings: Findings, groups: Groups): void {
  const edges = Object.values(groups).map(({ name, members }) => [name, members] as const);
  const circle = findCircle(Object.fromEntries(edges));
  if (circle === undefined) return;
  const text = `goes in a circle: ${circleText(circle, 'holds')}`;
  findings.wrong(`groups.${circle[0]}.members`, text, 'take one of them out');
}

function checkSignificant(
  findings: Findings,
  path: string,
  restart: CheckedGroup['restart'],
  parent: CheckedGroup | undefined,
): void {
  if (restart === 'permanent')
    findings.wrong(
      path,
      'is significant, and permanent: it never ends by itself',
      "write restart: 'transient' or 'temporary'",
    );
  if (parent === undefined || parent.autoShutdown === 'never')
    findings.wrong(
      path,
      'is significant, and nothing ends with it',
      "put it into a group with autoShutdown: 'any-significant' or 'all-significant'",
    );
}

function remarkNothingSignificant(findings: Findings, groups: Groups, services: Services): void {
  const isSignificant = (member: string): boolean =>
    Object.hasOwn(groups, member)
      ? groups[member]?.significant === true
      : Object.hasOwn(services, member) && services[member]?.restart.significant === true;
  for (const { name, autoShutdown, members } of Object.values(groups))
    if (autoShutdown !== 'never' && !members.some(isSignificant))
      findings.remark(
        `groups.${name}.autoShutdown`,
        `is ${shown(autoShutdown)}, and no member is significant`,
        'give one significant: true',
      );
}
