export { isLoopback, serveDashboard, type Dashboard, type DashboardOptions } from "./http/serve.ts";
export { readRecipeFields, type RecipeField } from "./recipe/recipe-fields.ts";
