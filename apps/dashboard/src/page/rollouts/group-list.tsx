import type { VNode } from "preact";
import type { GroupLine, GroupsAnswer, RolloutLine } from "../../api/rollouts.ts";
import { setQuery } from "../app/place.ts";
import { address } from "../data/answer.ts";
import { count, figure } from "../data/words.ts";
import { Choice, SearchField } from "../parts/filters.tsx";
import { OutcomeBar } from "../parts/outcome-bar.tsx";
import { VirtualList } from "../parts/virtual-list.tsx";

interface GroupListProps {
  readonly run: string;
  readonly rollout: number;
  readonly query: URLSearchParams;
  readonly group: number | undefined;
  readonly about: RolloutLine | undefined;
  readonly onAnswer: (answer: GroupsAnswer) => void;
}

const SORTS = [
  ["group", "in order"],
  ["reward.desc", "highest reward"],
  ["reward.asc", "lowest reward"],
  ["std.desc", "most divided"],
  ["length.desc", "longest"],
] as const;

const TEACHING = [
  ["", "all groups"],
  ["false", "divided"],
  ["true", "all equal"],
] as const;

export function GroupList({ run, rollout, query, group, about, onAnswer }: GroupListProps): VNode {
  const [sort, order = "asc"] = (query.get("sort") ?? "group").split(".");
  const filter = {
    outcome: query.get("outcome") ?? undefined,
    zeroStd: query.get("zeroStd") ?? undefined,
    search: query.get("search") ?? undefined,
    sort,
    order,
  };
  const change = (changed: Readonly<Record<string, string | undefined>>): void =>
    setQuery({ ...changed, group: undefined, sample: undefined });
  return (
    <>
      <div class="pane-head">
        <h2>Rollout {rollout}</h2>
        {about !== undefined && <OutcomeBar outcomes={about.outcomes} />}
      </div>
      {about !== undefined && (
        <p class="pane-facts muted">
          {count(about.groups, "group")}, {count(about.samples, "sample")}, mean reward{" "}
          {figure(about.meanReward)}
          {about.zeroStdGroups > 0 && `, ${about.zeroStdGroups} teach nothing`}
          {about.meanTokens !== null &&
            `, ${figure(Math.round(about.meanTokens * 10) / 10)} tokens each`}
        </p>
      )}
      <div class="filters" role="group" aria-label="Which groups">
        <SearchField
          label="Search questions"
          value={filter.search}
          change={(search) => change({ search })}
        />
        <Choice
          label="With an outcome"
          value={filter.outcome}
          options={[
            ["", "any outcome"],
            ...outcomesOf(about, filter.outcome).map(
              (name) => [name, name.replace("_", " ")] as const,
            ),
          ]}
          change={(outcome) => change({ outcome })}
        />
        <Choice
          label="By what they teach"
          value={filter.zeroStd}
          options={TEACHING}
          change={(zeroStd) => change({ zeroStd })}
        />
        <Choice
          label="Order"
          value={query.get("sort") ?? "group"}
          options={SORTS}
          change={(value) => change({ sort: value })}
        />
      </div>
      <VirtualList<GroupLine>
        label={`Groups of rollout ${rollout}`}
        source={(offset, limit) =>
          address(`/api/runs/${run}/rollouts/${rollout}/groups`, { ...filter, offset, limit })
        }
        rowHeight={54}
        choose={(line) => setQuery({ rollout, group: line.group, sample: undefined })}
        isChosen={(line) => line.group === group}
        onAnswer={(answer) => {
          if (answer.offset === 0) onAnswer(answer as GroupsAnswer);
        }}
        empty={<p class="pane-empty muted">No group fits these filters.</p>}
        row={(line) => <GroupRow line={line} />}
      />
    </>
  );
}

function GroupRow({ line }: { readonly line: GroupLine }): VNode {
  const right = line.outcomes["correct"] ?? 0;
  return (
    <span class="group-row">
      <span class="clip">{line.question}</span>
      <span class="group-figures">
        <span class="muted">#{line.group}</span>
        <OutcomeBar outcomes={line.outcomes} />
        <span>
          {right}/{line.samples}
        </span>
        <span class="muted">reward {figure(line.meanReward)}</span>
        {line.meanTokens !== null && (
          <span class="muted">{figure(Math.round(line.meanTokens * 10) / 10)} tok</span>
        )}
      </span>
    </span>
  );
}

function outcomesOf(about: RolloutLine | undefined, chosen: string | undefined): string[] {
  const names = Object.keys(about?.outcomes ?? {});
  return chosen === undefined || names.includes(chosen) ? names : [...names, chosen];
}
