/* sphinx-attention, MIT licence; sources in static/ */
(globalThis.attentionViews??=[]).push(["map",()=>{"use strict";return{open:()=>({tokens:[],vector:!1,show(){}})}}]);
