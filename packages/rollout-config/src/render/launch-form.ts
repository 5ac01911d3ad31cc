/** What can start a job. */
export const LAUNCH_FORMS = ["script", "ray-job", "slurm", "kuberay"] as const;
export type LaunchForm = (typeof LAUNCH_FORMS)[number];

export function isLaunchForm(render: string): render is LaunchForm {
  return LAUNCH_FORMS.some((form) => form === render);
}
