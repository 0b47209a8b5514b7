/** What services and groups have to do with each other: what they need, who stands where, and that nothing goes in circles. */
import { findCircle } from '../rules/start-order.ts';
import { checkIntensity, restartPolicies } from './check-upkeep.ts';
import type { CheckedGroup, CheckedService } from './checked-stack.ts';
import { Fields } from './fields.ts';
import { shown } from './mistake.ts';
import { didYouMean } from './nearest.ts';

type Services = Readonly<Record<string, CheckedService>>;
type Groups = Readonly<Record<string, CheckedGroup>>;

/** `names`: of all services, those with mistakes too. */
export function checkNeedsTogether(
  stack: Fields,
  services: Services,
  names: readonly string[],
  groups: readonly string[],
): void {
  const wrong = (path: string, text: string, mend: string): void =>
    void stack.findings.mistakes.push({ path, text, mend });
  for (const { name, needs } of Object.values(services))
    for (const [other, need] of Object.entries(needs)) {
      const path = `services.${name}.needs.${other}`;
      const service = Object.hasOwn(services, other) ? services[other] : undefined;
      if (groups.includes(other)) wrong(path, 'is a group', 'name the services in it');
      else if (!names.includes(other))
        wrong(
          path,
          'is no service',
          didYouMean(
            other,
            names.filter((each) => each !== name),
          ),
        );
      if (service === undefined || other === name) continue;
      if (need === 'healthy' && service.health === undefined)
        wrong(
          path,
          "is 'healthy', and its health is never asked",
          `give services.${other} a health, or write 'ready'`,
        );
      if (need === 'ended' && service.restart.policy === 'permanent')
        wrong(
          path,
          "is 'ended', and it is started again whenever it ends",
          `give services.${other} restart: 'transient'`,
        );
    }
  const circle = findCircle(
    Object.fromEntries(Object.values(services).map(({ name, needs }) => [name, Object.keys(needs)])),
  );
  if (circle !== undefined)
    wrong(
      `services.${circle[0]}.needs`,
      `goes in a circle: ${circleText(circle, 'needs')}`,
      'take one of them out',
    );
}

export function checkGroups(stack: Fields, serviceNames: readonly string[]): Record<string, CheckedGroup> {
  const groups: Record<string, CheckedGroup> = {};
  const known = ['members', 'strategy', 'intensity', 'restart', 'significant', 'autoShutdown'];
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
  stack: Fields,
  groups: Groups,
  services: Services,
  serviceNames: readonly string[],
): void {
  const { mistakes, remarks } = stack.findings;
  const standsIn = new Map<string, string>();
  for (const { name, members } of Object.values(groups))
    for (const [index, member] of members.entries()) {
      const path = `groups.${name}.members.${index}`;
      const all = [...serviceNames, ...Object.keys(groups)];
      if (!all.includes(member)) {
        mistakes.push({
          path,
          text: `is ${shown(member)}, which is no service or group`,
          mend: didYouMean(member, all),
        });
        continue;
      }
      const other = standsIn.get(member);
      if (other !== undefined)
        mistakes.push({
          path,
          text: `is ${shown(member)}, which stands in ${other} already`,
          mend: 'keep one of them',
        });
      standsIn.set(member, name);
    }
  const circle = findCircle(
    Object.fromEntries(
      Object.values(groups).map(({ name, members }) => [
        name,
        members.filter((each) => Object.hasOwn(groups, each)),
      ]),
    ),
  );
  if (circle !== undefined)
    mistakes.push({
      path: `groups.${circle[0]}.members`,
      text: `goes in a circle: ${circleText(circle, 'holds')}`,
      mend: 'take one of them out',
    });

  const checkMember = (path: string, name: string, { restart, significant }: Significance): void => {
    const parent = groups[standsIn.get(name) ?? ''];
    if (!significant) return;
    if (restart === 'permanent')
      mistakes.push({
        path,
        text: 'is significant, and permanent: it never ends by itself',
        mend: "write restart: 'transient' or 'temporary'",
      });
    if (parent === undefined || parent.autoShutdown === 'never')
      mistakes.push({
        path,
        text: 'is significant, and nothing ends with it',
        mend: "put it into a group with autoShutdown: 'any-significant' or 'all-significant'",
      });
  };
  for (const { name, restart, significant } of Object.values(groups))
    checkMember(`groups.${name}`, name, { restart, significant });
  for (const { name, restart } of Object.values(services))
    checkMember(`services.${name}.restart`, name, {
      restart: restart.policy,
      significant: restart.significant,
    });
  for (const { name, autoShutdown, members } of Object.values(groups)) {
    const isSignificant = (member: string): boolean =>
      (groups[member]?.significant ?? services[member]?.restart.significant) === true;
    if (autoShutdown !== 'never' && !members.some(isSignificant))
      remarks.push({
        path: `groups.${name}.autoShutdown`,
        text: `is ${shown(autoShutdown)}, and no member is significant`,
        mend: 'give one significant: true',
      });
  }
}

interface Significance {
  restart: string;
  significant: boolean;
}

/** `a needs b, b needs a`. */
function circleText(circle: readonly string[], verb: string): string {
  return circle.map((name, index) => `${name} ${verb} ${circle[(index + 1) % circle.length]}`).join(', ');
}
